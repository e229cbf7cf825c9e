"""Pages about a closed account, behind a signed token."""

from django.urls import path

from accounts.views import closing

urlpatterns = [
    path("reopen/", closing.reopen, name="reopen_account"),
    path("receipt.pdf", closing.closing_receipt, {"form": "pdf"}, name="closing_receipt_pdf"),
    path("receipt.json", closing.closing_receipt, {"form": "json"}, name="closing_receipt_json"),
]
