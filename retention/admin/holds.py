from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import LONG_ID, SHORT_ID, PersonalDataAdmin
from access.models import AccessAction
from access.purposes import DATA_RETENTION
from accounts.models import Customer, User
from common.admin import badge, named
from common.forms import LineField, ProseField
from common.personal_data import HELD, DataCategory, declarations, deferred, stays_of
from policies.counting import local_day
from retention import services
from retention.models import LegalHold

ADD_HOLD = "retention.add_legalhold"
CHANGE_HOLD = "retention.change_legalhold"


def kinds_of_data() -> list[tuple[str, Any]]:
    """Return the categories in which rows of customers are held, after none."""
    held = {declaration.category for declaration in declarations()}
    return [("", "---"), *((each.value, each.label) for each in DataCategory if each in held)]


class ReviewForm(forms.Form):
    reason = ProseField(
        label=_("Still needed because"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


class ReleaseForm(forms.Form):
    reason = ProseField(
        label=_("No longer needed because"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class HoldForm(forms.Form):
    public_id = forms.CharField(
        label=_("Public id of the customer"),
        min_length=SHORT_ID,
        max_length=LONG_ID,
        help_text=_("All 32 characters, or the first 8, as lists show them."),
    )
    category = forms.ChoiceField(
        label=_("Of it only this kind of data"),
        choices=kinds_of_data,
        required=False,
        help_text=_("No hold keeps enquiries: they belong to no customer."),
    )
    case = LineField(
        label=_("Or only the case with this reference"),
        max_length=20,
        required=False,
        help_text=_(
            "The case stays with its messages and evidence. Without either, everything stays, but"
            " for what is noted of a sign-in while it lasts: its address and browser go when it"
            " ends."
        ),
    )
    authority = LineField(
        label=_("Authority"), max_length=200, help_text=_("Who demands that the data is kept.")
    )
    document = LineField(
        label=_("Document"),
        max_length=100,
        help_text=_("Number and date of the written demand."),
    )
    reason = ProseField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def clean_public_id(self) -> str:
        return str(self.cleaned_data["public_id"]).strip().lower()


class InForceFilter(admin.SimpleListFilter):
    title = _("hold")
    parameter_name = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("in_force", _("in force")),
            ("due", _("review due")),
            ("released", _("released")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "due":
            return queryset.due_for_review(timezone.now())
        if self.value() in ("in_force", "released"):
            return queryset.filter(released_at__isnull=self.value() == "in_force")
        return queryset


@admin.register(LegalHold)
class LegalHoldAdmin(PersonalDataAdmin):
    add_permission = ADD_HOLD
    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = [
        "document",
        "authority",
        "short_id",
        "scope",
        "state",
        "placed_at",
        "placed_by",
    ]
    list_filter = [InForceFilter]
    list_select_related = ["customer", "case", "placed_by", "released_by", "reviewed_by"]
    sortable_by = ["placed_at"]
    facts = (
        "public_id",
        "scope",
        "authority",
        "document",
        "reason",
        named("placed_by", _("placed by")),
        "placed_at",
        "review_due",
        "reviewed",
        "erasure",
    )
    fields = [*facts, "released"]
    readonly_fields = ["public_id", "scope", "review_due", "reviewed", "erasure", "released"]
    actions_detail = ["review_need", "release"]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self.form_view(
            request,
            form_class=HoldForm,
            act=lambda **data: self._place(request, data),
            title=_("Place a legal hold"),
            done=_(
                "The hold is placed. Nothing of what it covers is deleted until it is released."
            ),
            back=reverse("admin:retention_legalhold_changelist"),
            after=self.page_of,
            initial={name: request.GET.get(name, "") for name in ("public_id", "case")},
        )

    @transaction.atomic
    def _place(self, request: HttpRequest, data: dict[str, str]) -> LegalHold:
        hold = services.place_hold(**data, by=request.user)  # type: ignore[arg-type]
        self.record(request, hold, AccessAction.OPEN)
        return hold

    def has_release_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_HOLD))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        is_other = step != "release" or row.placed_by_id != user.pk
        return row.released_at is None and is_other

    def has_review_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_HOLD))

    @action(  # type: ignore[untyped-decorator]
        description=_("Say that it is still needed"), icon="task_alt", permissions=["review"]
    )
    def review_need(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            facts=self.facts,
            permission=CHANGE_HOLD,
            step=services.review_hold,
            form_class=ReviewForm,
            title=_("Say that it is still needed"),
            done=_("The review is recorded. You are asked again in 90 days."),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Release the hold"), icon="lock_open", permissions=["release"]
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.told_step_view(
            request,
            object_id,
            facts=self.facts,
            permission=CHANGE_HOLD,
            step=services.release_hold,
            form_class=ReleaseForm,
            title=_("Release the hold"),
            is_grave=True,
            done=_("The hold is released. What is due is deleted with the first run after a day."),
        )

    @admin.display(description=_("customer"))
    def short_id(self, hold: LegalHold) -> str:
        return str(hold.customer)

    @admin.display(description=_("public id"))
    def public_id(self, hold: LegalHold) -> str:
        return hold.customer.public_id

    @admin.display(description=_("covers"))
    def scope(self, hold: LegalHold) -> Any:
        return hold.scope

    @admin.display(description=_("next review"))
    def review_due(self, hold: LegalHold) -> str:
        return _day(local_day(hold.review_due_at)) if hold.released_at is None else "–"

    @admin.display(description=_("still needed because"))
    def reviewed(self, hold: LegalHold) -> str:
        return _said(hold.review, hold.reviewed_by, hold.reviewed_at)

    @admin.display(description=_("released"))
    def released(self, hold: LegalHold) -> str:
        if hold.released_at is None:
            return gettext("not yet; by another person than the one who placed it")
        return _said(hold.release, hold.released_by, hold.released_at)

    @admin.display(description=_("erasure of the customer"))
    def erasure(self, hold: LegalHold) -> str:
        """Say when it is due, and what it waits for then, other holds and cases too."""
        customer = hold.customer
        if customer.kept_until is None:
            return gettext("The account is open: none is due.")
        stays = stays_of([customer.pk]).get(customer.pk, ())
        said = {
            "day": _day(customer.kept_until),
            "waits": ", ".join(_waits_for(customer)),
            "parts": ", ".join(str(stay.what) for stay in stays),
        }
        if said["waits"]:
            return gettext("after %(day)s, once this has ended: %(waits)s") % said
        if said["parts"]:
            return gettext("after %(day)s, but for: %(parts)s") % said
        return gettext("after %(day)s") % said

    @badge(
        description=_("state"),
        tones={"in_force": "warning", "due": "danger", "released": "success"},
    )
    def state(self, hold: LegalHold) -> tuple[str, Any]:
        if hold.keeps_until and hold.keeps_until >= local_day(timezone.now()):
            return "released", gettext("released, keeps until %s") % _day(hold.keeps_until)
        if hold.released_at is not None:
            return "released", _("released")
        if hold.review_due_at <= timezone.now():
            return "due", _("in force, review due")
        return "in_force", _("in force")


def _waits_for(customer: Customer) -> list[str]:
    """Return what keeps all of a customer's data, in words."""
    kept = deferred(Customer.objects.filter(pk=customer.pk))
    waits = [reason for reason, rows in kept.items() if rows.exists()]
    return [*_whole_holds_of(customer), *map(gettext, waits)]


def _whole_holds_of(customer: Customer) -> list[str]:
    """Say in words that the customer is held, if so; a hold in force outlasts a released one."""
    keeping = customer.legal_holds.keeping().whole()
    last = keeping.order_by(F("released_at").desc(nulls_first=True)).first()
    if last is None:
        return []
    if last.keeps_until:
        return [gettext("a legal hold, released, that keeps until %s") % _day(last.keeps_until)]
    return [gettext(HELD)]


def _said(why: str, who: User | None, at: datetime | None) -> str:
    return f"{why} ({who}, {_day(local_day(at))})" if at else "–"


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
