from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.http import CustomerRequest, for_customer
from accounts.receipts import find_line, issue_consent_receipt, record_of
from common.paper import hand_out


@for_customer
def consent_history(request: CustomerRequest) -> HttpResponse:
    """Show the ledger line by line, the newest first, each with its receipt."""
    lines = request.customer.consents.select_related("purpose", "policy_version").order_by("-pk")
    page = Paginator(lines, 25).get_page(request.GET.get("page"))
    context = {"page": page, "lines": [(line, record_of(line)) for line in page]}
    return render(request, "accounts/consent_history.html", context)


@for_customer
def consent_receipt(request: CustomerRequest, record: str, form: str) -> HttpResponse:
    line = find_line(request.customer, record)
    if line is None:
        raise Http404
    document = issue_consent_receipt(line)
    name = f"consent-receipt-{line.at:%Y-%m-%d}"
    return hand_out(document, name=name, form=form, verified_at=reverse("verify"))
