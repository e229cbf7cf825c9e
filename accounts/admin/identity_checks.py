from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from accounts.admin.reveal import closed_page
from accounts.approvals import require_opening
from accounts.exceptions import AccessClosed
from accounts.merging import public_ids_of
from accounts.models import AccessApproval, IdentityCheck, IdentityCheckResult
from common.admin import badge, named
from common.attachments import as_attachment
from common.personal_data import DataCategory

VIEW = "accounts.view_identitycheck"
SUFFIXES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}

PAPER = DataCategory.IDENTITY_PROOF


@admin.register(IdentityCheck)
class IdentityCheckAdmin(PersonalDataAdmin):
    """How staff knew who asked: for the data protection officer to look over."""

    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["at", "short_id", "kind", "channel", "result_badge", "checked_by"]
    list_filter = ["result", "kind", "channel"]
    list_select_related = ["customer", "by"]
    sortable_by = ()
    fields = ["at", "short_id", "kind", "channel", "result", "reference", "checked_by", "paper"]
    readonly_fields = ["short_id", "checked_by", "paper"]
    checked_by = staticmethod(named("by", _("checked by")))

    def get_urls(self) -> list[URLPattern]:
        download = path(
            "<path:object_id>/paper/",
            self.admin_site.admin_view(self.paper_view),
            name="accounts_identitycheck_paper",
        )
        return [download, *super().get_urls()]

    @admin.display(description=_("customer"))
    def short_id(self, check: IdentityCheck) -> str:
        return str(check.customer)

    @badge(
        description=_("identity"),
        tones={IdentityCheckResult.PROVED: "success", IdentityCheckResult.NOT_PROVED: "warning"},
    )
    def result_badge(self, check: IdentityCheck) -> tuple[str, str]:
        return check.result, check.get_result_display()

    @admin.display(description=_("paper"))
    def paper(self, check: IdentityCheck) -> Any:
        if not hasattr(check, "proof"):
            return "–"
        page = reverse("admin:accounts_identitycheck_paper", args=[check.pk])
        text = _("Download; it is kept until %s") % date_format(
            check.proof.kept_until, "SHORT_DATE_FORMAT"
        )
        return format_html('<a class="desk-link" href="{}">{}</a>', page, text)

    @transaction.atomic
    def paper_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        check = self.get_row(request, object_id, VIEW)
        if not hasattr(check, "proof"):
            raise Http404
        try:
            approval = require_opening(check.customer, by=request.user, groups=[PAPER])
        except AccessClosed:
            context = {
                **self.admin_site.each_context(request),
                "title": _("paper"),
                "opts": self.opts,
                "back": self.page_of(check),
            }
            return closed_page(request, check.customer, context, group=PAPER)
        why = approval.why if isinstance(approval, AccessApproval) else {}
        self.record(request, check, AccessAction.DOWNLOAD, **{"field_groups": [PAPER], **why})
        owner, *former = public_ids_of(check.customer)
        return as_attachment(
            str(check.proof.file),
            owner=owner,
            former=former,
            name=f"proof.{SUFFIXES[check.proof.content_type]}",
            content_type=check.proof.content_type,
        )
