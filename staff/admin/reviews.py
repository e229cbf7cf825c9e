from collections.abc import Collection
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.models import Engagement, User
from common.admin import ReadOnlyAdmin, badge, is_among
from common.csv_files import csv_response
from staff.models import ReviewOutcome, RightsReview
from staff.reviews import changes_of, digest_of, has_part, rows_of, sign_review

CHANGE = "staff.change_rightsreview"
VIEW = "staff.view_rightsreview"
ACTIONS = {"view": _("see"), "add": _("add"), "change": _("change"), "delete": _("delete")}
TONES = {"": "warning", "confirmed": "success", "to_change": "danger"}


class SignForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("The role and its members are"), choices=[("", "---"), *ReviewOutcome.choices]
    )


@admin.register(RightsReview)
class RightsReviewAdmin(ReadOnlyAdmin):
    list_display = ["quarter_name", "role_name", "state_badge", "signed_by", "signed_at"]
    list_filter = ["outcome"]
    list_select_related = ["signed_by"]
    sortable_by = ()
    change_form_template = "admin/staff/rightsreview/change_form.html"
    actions_detail = ["sign"]

    def get_urls(self) -> list[URLPattern]:
        return [self.step_path("csv", self.csv_view), *super().get_urls()]

    @admin.display(description=_("quarter"))
    def quarter_name(self, review: RightsReview) -> str:
        quarter = (review.quarter.month + 2) // 3
        return gettext("quarter %(n)d of %(year)d") % {"n": quarter, "year": review.quarter.year}

    @admin.display(description=_("role"))
    def role_name(self, review: RightsReview) -> str:
        return gettext(review.role)

    @badge(description=_("outcome"), tones=TONES)
    def state_badge(self, review: RightsReview) -> tuple[str, Any]:
        return review.outcome, review.get_outcome_display() or _("to be signed")

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        review = kwargs.get("obj") or context["original"]
        context |= {
            "title": f"{self.role_name(review)}, {self.quarter_name(review)}",
            "review": review,
            "members": _members(review),
            "agrees": digest_of(review.role, review.quarter, review.rights) == review.sha256,
            "came_and_went": _changes(review),
            "rooms": _in_words(review.rights["permissions"]),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def csv_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        review = self.get_row(request, object_id, VIEW)
        return csv_response(f"rights-{review.quarter}-{review.pk}", rows_of(review))

    def has_sign_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        known = object_id is None or is_among(RightsReview.objects.waiting(), object_id)
        return known and bool(request.user.has_perm(CHANGE))

    def can_take(self, step: str, row: RightsReview, user: Any) -> bool:
        return not has_part(row, user)

    @action(  # type: ignore[untyped-decorator]
        description=_("Sign"), icon="history_edu", permissions=["sign"]
    )
    def sign(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=sign_review,
            title=_("Sign the review"),
            done=_("The review is signed."),
            form_class=SignForm,
        )


def _names(public_ids: Any) -> dict[str, str]:
    return {each.public_id: str(each) for each in User.objects.filter(public_id__in=public_ids)}


def _members(review: RightsReview) -> list[dict[str, Any]]:
    members = review.rights["members"]
    names = _names([each["id"] for each in members])
    works = dict(Engagement.choices)
    return [
        {
            "name": names.get(each["id"], each["id"][:8]),
            "works": works.get(each["engagement"], ""),
            "until": each["until"],
            "signed": each["signed"],
        }
        for each in members
    ]


def _changes(review: RightsReview) -> list[tuple[Any, list[str], list[str]]]:
    changes = changes_of(review)
    names = _names([each for side in changes["members"] for each in side])
    came, went = ([names.get(each, each[:8]) for each in side] for side in changes["members"])
    rows = [(_("members"), came, went), (_("permissions"), *changes["permissions"])]
    return [row for row in rows if row[1] or row[2]]


def _in_words(codes: Collection[str]) -> dict[str, list[str]]:
    """Return by room what these permissions let do; one that is no more keeps its code."""
    rows = Permission.objects.select_related("content_type")
    known = {f"{each.content_type.app_label}.{each.codename}": each for each in rows}
    labels = {each.label: each.verbose_name for each in apps.get_app_configs()}
    rooms: dict[str, list[str]] = {}
    for code in codes:
        app, _dot, _codename = code.partition(".")
        room = str(labels.get(app, app))
        rooms.setdefault(room, []).append(_said(known[code]) if code in known else code)
    return rooms


def _said(permission: Permission) -> str:
    action = ACTIONS.get(permission.codename.partition("_")[0])
    model = permission.content_type.model_class()
    if action is None or model is None:
        return gettext(permission.name)
    return f"{action}: {model._meta.verbose_name}"
