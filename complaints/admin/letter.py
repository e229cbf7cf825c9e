"""The answer as a letter, for the officer: to look at before it goes, and to download after."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import AccessAction
from accounts.approvals import asks_customers_first
from common.attachments import as_download
from complaints.admin.queue import QueueAdmin
from complaints.letters import Letter, compose_letter, letter_on_paper
from complaints.models import ANSWER, Complaint, Outcome

LANGUAGES = dict(settings.LANGUAGES)


class LetterAdmin(QueueAdmin):
    def get_urls(self) -> list[URLPattern]:
        return [
            self.step_path("letter", self.letter_view),
            self.step_path("letter_pdf", self.letter_pdf_view),
            *super().get_urls(),
        ]

    @transaction.atomic
    def letter_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the letter in both languages, or in one."""
        complaint: Complaint = self.get_row(request, object_id, "complaints.view_complaint")
        return self._show(request, complaint, complaint.answered_at)

    @transaction.atomic
    def draft_view(
        self, request: HttpRequest, complaint: Complaint, form: forms.Form
    ) -> HttpResponse:
        """Show a written answer as the customer would read it, to be changed or sent."""
        for name in ANSWER:
            setattr(complaint, name, form.cleaned_data[name])
        is_refusal = complaint.outcome == Outcome.NOT_UPHELD
        button = _("Hand it to the second person") if is_refusal else _("Send the answer")
        return self._show(request, complaint, None, form=form, button=button)

    def _show(
        self, request: HttpRequest, complaint: Complaint, at: datetime | None, **more: Any
    ) -> HttpResponse:
        self.record(request, complaint, AccessAction.OPEN)
        chosen = request.GET.get("language")
        codes = [chosen] if chosen in LANGUAGES else LANGUAGES
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": _("Answer as a letter"),
            "opts": self.opts,
            "original": complaint,
            "complaint": complaint,
            "is_given": at is not None,
            "letters": [_letter(complaint, code, at or timezone.now()) for code in codes],
            "languages": settings.LANGUAGES,
            "back": self.page_of(complaint),
            **more,
        }
        page = TemplateResponse(request, "admin/complaints/complaint/letter.html", context)
        return page.render()

    @transaction.atomic
    def letter_pdf_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        complaint: Complaint = self.get_row(request, object_id, "complaints.view_complaint")
        at = complaint.answered_at
        language = request.GET.get("language") or complaint.customer.language
        if at is None or language not in LANGUAGES:
            raise Http404
        self.record(request, complaint, AccessAction.PRINT)
        content = letter_on_paper(_letter(complaint, language, at), at=at)
        name = f"{complaint.reference}-{language}.pdf"
        return as_download(content, name=name, content_type="application/pdf")


def _letter(complaint: Complaint, language: str, at: datetime) -> Letter:
    """Compose it for the desk, which names nobody in full where customers are asked first."""
    return compose_letter(complaint, language, at=at, named=not asks_customers_first())
