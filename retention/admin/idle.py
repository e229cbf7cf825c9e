"""The list of idle accounts, on which the data protection officer decides."""

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import SHORT_ID, PersonalDataAdmin
from access.purposes import DATA_RETENTION
from common.admin import badge, named, themed
from common.forms import UNCHOSEN, ProseField, tell_of_masked_cards
from common.personal_data import DataCategory
from policies.counting import local_day
from retention.idle import decide_review
from retention.models import LONGEST_REASON, NecessityReview, ReviewDecision

DECIDE = "retention.change_necessityreview"


class DecideForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[*UNCHOSEN, *ReviewDecision.choices],
        help_text=_(
            "Still necessary: you are asked again in 12 months. No longer necessary: the account"
            " is closed, the customer is told and may object, then the data is deleted."
        ),
    )
    reason = ProseField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WaitingFilter(admin.SimpleListFilter):
    title = _("decision")
    parameter_name = "decision"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waiting")), *ReviewDecision.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "waiting":
            return queryset.waiting()
        return queryset.filter(decision=self.value()) if self.value() else queryset


@admin.register(NecessityReview)
class NecessityReviewAdmin(PersonalDataAdmin):
    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["short_id", "opened_at", "last_sign_in", "asked_on", "state"]
    list_filter = [WaitingFilter]
    list_select_related = ["customer__user", "decided_by"]
    sortable_by = ()
    fields = [
        "public_id",
        "opened_at",
        "last_sign_in",
        "asked_on",
        "state_text",
        "reason",
        named("decided_by", _("decided by")),
        "decided_at",
        "ask_again_on",
    ]
    readonly_fields = ["public_id", "opened_at", "last_sign_in", "state_text"]
    actions = ["decide_selected"]
    actions_detail = ["decide"]

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(DECIDE))

    @action(  # type: ignore[untyped-decorator]
        description=_("Decide"), icon="rule", permissions=["decide"]
    )
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=DECIDE,
            step=decide_review,
            title=_("Is this data still necessary?"),
            done=_("The decision is recorded."),
            form_class=DecideForm,
        )

    @admin.action(description=_("Decide on the selected accounts"), permissions=["decide"])
    def decide_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Ask once for all of the page; then decide on each, and name those that refuse."""
        if not self.has_decide_permission(request):
            raise PermissionDenied
        is_sent = "decision" in request.POST
        form = themed(DecideForm(request.POST if is_sent else None))
        if form.is_valid():
            tell_of_masked_cards(request, form)
            self.run_on_each(request, queryset, partial(decide_review, **form.cleaned_data))
            return None
        return TemplateResponse(
            request,
            "admin/retention/necessityreview/decide.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Is this data still necessary?"),
                "opts": self.opts,
                "form": form,
                "reviews": queryset.select_related("customer"),
                "checkbox": helpers.ACTION_CHECKBOX_NAME,
                "back": request.get_full_path(),
            },
        )

    @admin.display(description=_("customer"))
    def short_id(self, review: NecessityReview) -> str:
        return review.customer.public_id[:SHORT_ID]

    @admin.display(description=_("public id"))
    def public_id(self, review: NecessityReview) -> str:
        return review.customer.public_id

    @admin.display(description=_("account opened"))
    def opened_at(self, review: NecessityReview) -> str:
        return _said(review.customer.opened_at)

    @admin.display(description=_("last sign-in"))
    def last_sign_in(self, review: NecessityReview) -> str:
        return _said(review.customer.user.last_login if review.customer.user else None)

    @badge(
        description=_("decision"),
        tones={"waiting": "warning", "keep": "success", "unnecessary": "info"},
    )
    def state(self, review: NecessityReview) -> tuple[str, Any]:
        return review.decision or "waiting", self.state_text(review)

    @admin.display(description=_("decision"))
    def state_text(self, review: NecessityReview) -> Any:
        return review.get_decision_display() if review.decision else _("waiting")


def _said(moment: datetime | None) -> str:
    return date_format(local_day(moment), "SHORT_DATE_FORMAT") if moment else "–"
