"""Newsletters at the desk: written, looked at, tried on oneself, sent."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin
from common.forms import LineField, ProseField
from marketing import issues
from marketing.models import LONGEST_ISSUE, NewsletterIssue
from notices.services import count_delivery
from policies.models import Purpose

ADD = "marketing.add_newsletterissue"
CHANGE = "marketing.change_newsletterissue"


class PurposeChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Purpose) -> str:
        return str(obj.name)


class IssueForm(forms.Form):
    purpose = PurposeChoice(
        Purpose.objects.none(),
        label=_("Purpose"),
        help_text=_("Only those who consented to it get the issue."),
    )
    subject_vi = LineField(label=_("Subject (Vietnamese)"), max_length=120)
    body_vi = ProseField(
        label=_("Text (Vietnamese)"),
        max_length=LONGEST_ISSUE,
        help_text=_("Markdown, as in policies. Pictures become links."),
        widget=forms.Textarea(attrs={"lang": "vi", "rows": 18}),
    )
    subject_en = LineField(label=_("Subject (English)"), max_length=120)
    body_en = ProseField(
        label=_("Text (English)"),
        max_length=LONGEST_ISSUE,
        help_text=_("The same in English."),
        widget=forms.Textarea(attrs={"lang": "en", "rows": 18}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["purpose"]
        field.queryset = issues.purposes_to_write_for()


class SendForm(forms.Form):
    is_own = forms.BooleanField(
        label=_("It speaks of the company's own services alone, of nobody else's."),
        error_messages={"required": _("The company promised to advertise nobody else's services.")},
    )


@admin.register(NewsletterIssue)
class NewsletterIssueAdmin(ReadOnlyAdmin):
    add_permission = ADD
    list_display = ["local_subject", "purpose_name", "state", "started_at", "queued"]
    list_select_related = ["purpose"]
    sortable_by = ()
    change_form_template = "admin/marketing/newsletterissue/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            self.step_path("edit", self._edit),
            self.step_path("try", self._try),
            self.step_path("send", self._send),
            *super().get_urls(),
        ]

    @admin.display(description=_("subject"))
    def local_subject(self, issue: NewsletterIssue) -> str:
        return str(issue.subject)

    @admin.display(description=_("purpose"))
    def purpose_name(self, issue: NewsletterIssue) -> str:
        return str(issue.purpose.name)

    @admin.display(description=_("state"))
    def state(self, issue: NewsletterIssue) -> str | Promise:
        return _state_of(issue)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        issue = context["original"]
        context |= {
            "title": _("Newsletter issue"),
            "issue": issue,
            "state": _state_of(issue),
            "may_change": issue.started_at is None and request.user.has_perm(CHANGE),
            "delivery": count_delivery(issue.mailing) if issue.started_at else None,
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    # Steps

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self._write(request, None)

    def _edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._write(request, self.get_row(request, object_id, CHANGE))

    def _write(self, request: HttpRequest, issue: NewsletterIssue | None) -> HttpResponse:
        by: Any = request.user
        names = list(IssueForm.base_fields)
        return self.form_view(
            request,
            form_class=IssueForm,
            act=lambda **values: issues.save_issue(issue, values=values, by=by),
            title=_("Edit the issue") if issue else _("Write an issue"),
            done=_("The issue is saved. Nobody has got it yet."),
            back=self.page_of(issue) if issue else _list_page(),
            after=self.page_of,
            initial={name: getattr(issue, name) for name in names} if issue else None,
            object=issue,
        )

    def _try(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=issues.try_issue,
            title=_("Send it to myself"),
            done=_("The mail is on its way to your own address, and to nobody else."),
        )

    def _send(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id, CHANGE)
        by: Any = request.user
        readers = issues.count_readers(row.purpose)
        return self.form_view(
            request,
            form_class=SendForm,
            act=lambda is_own: issues.send_issue(row, by=by),
            title=_("Send the issue"),
            done=_("The issue is being sent. Who withdraws meanwhile does not get it."),
            back=self.page_of(row),
            note=_("%(n)d people asked for mails of this purpose.") % {"n": readers},
            object=row,
        )


def _state_of(issue: NewsletterIssue) -> str | Promise:
    if issue.started_at is None:
        return _("draft")
    return _("sent") if issue.finished_at else _("being sent")


def _list_page() -> str:
    return reverse("admin:marketing_newsletterissue_changelist")
