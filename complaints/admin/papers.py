"""What officers print: the empty form, the sheet of a folder, the file for an authority."""

from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from access.models import AccessAction
from accounts.approvals import asks_customers_first
from common.attachments import as_download
from common.personal_data import DataCategory
from complaints.admin.queue import QueueAdmin, masked_email
from complaints.case_file import case_file
from complaints.models import Complaint
from complaints.paper_forms import case_sheet, intake_form

LANGUAGES = dict(settings.LANGUAGES)


class PaperAdmin(QueueAdmin):
    def get_urls(self) -> list[URLPattern]:
        form = path(
            "record/form.pdf",
            self.admin_site.admin_view(self.form_view_pdf),
            name="complaints_complaint_intake_form",
        )
        return [
            form,
            self.step_path("file_pdf", partial(self.paper_view, name="file", draw=_file)),
            self.step_path("sheet_pdf", partial(self.paper_view, name="sheet", draw=_sheet)),
            *super().get_urls(),
        ]

    def form_view_pdf(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        language = _language(request, settings.LANGUAGE_CODE)
        return _as_pdf(intake_form(language), f"complaint-form-{language}")

    @transaction.atomic
    def paper_view(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        name: str,
        draw: Callable[[Complaint, str], bytes],
    ) -> HttpResponse:
        complaint: Complaint = self.get_row(request, object_id, "complaints.view_complaint")
        language = _language(request, settings.LANGUAGE_CODE)
        groups = [*self.field_groups, DataCategory.EVIDENCE]
        self.record(request, complaint, AccessAction.PRINT, field_groups=groups)
        return _as_pdf(draw(complaint, language), f"{complaint.reference}-{name}-{language}")


def _file(complaint: Complaint, language: str) -> bytes:
    return case_file(complaint, language, masked=asks_customers_first())


def _sheet(complaint: Complaint, language: str) -> bytes:
    return case_sheet(complaint, language, customer=masked_email(complaint))


def _language(request: HttpRequest, default: str) -> str:
    language = request.GET.get("language", default)
    if language not in LANGUAGES:
        raise Http404
    return language


def _as_pdf(content: bytes, name: str) -> HttpResponse:
    return as_download(content, name=f"{name}.pdf", content_type="application/pdf")
