"""Unusual accesses, to look into; and the records that nobody with a tie should open."""

from collections import Counter
from datetime import date, timedelta
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from access.admin import SHORT_ID, PersonalDataAdmin
from access.purposes import ACCESS_REVIEW
from access.services import record_export, record_list
from accounts.models import Customer, User
from common.admin import ReadOnlyAdmin
from common.charts import HEIGHT, WIDTH, scaled
from common.csv_files import csv_response
from common.personal_data import DataCategory
from policies.clocks import the_company
from policies.counting import local_day
from staff.admin.members import MemberField
from staff.models import Finding, FlaggedRecord, Tie, UnusualAccess, UnusualKind
from staff.unusual import (
    DAYS,
    Unusual,
    flag_record,
    is_over,
    most_listed,
    settle,
    unflag_record,
    unusual_accesses,
)

CHANGE = "staff.change_unusualaccess"
ADD_FLAG = "staff.add_flaggedrecord"
LIST = "admin:staff_unusualaccess_changelist"


class LookForm(forms.Form):
    finding = forms.ChoiceField(label=_("Finding"), choices=[("", "---"), *Finding.choices])


@admin.register(UnusualAccess)
class UnusualAccessAdmin(PersonalDataAdmin):
    """Computed from the access records each time: a page that shows how many, never whose."""

    purpose = ACCESS_REVIEW
    field_groups = (DataCategory.ACCESS_RECORD,)
    show_past = ReadOnlyAdmin.show_past  # the history holds nothing of a customer

    def subject_of(self, row: UnusualAccess) -> str:
        return ""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("csv/", view(self.csv_view), name="staff_unusualaccess_csv"),
            path(
                "look/<slug:kind>/<slug:day>/<slug:member>/",
                view(self.look),
                name="staff_unusualaccess_look",
            ),
            *super().get_urls(),
        ]

    @transaction.atomic
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        days = _days(request)
        self._record(request)
        rows, company = unusual_accesses(days), the_company()
        columns = _columns(rows, days)
        return TemplateResponse(
            request,
            "admin/staff/unusualaccess/change_list.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Unusual accesses"),
                "opts": self.opts,
                "days": days,
                "stretches": DAYS,
                "rows": [
                    {"found": row, "is_over": is_over(row.day), **_links(row)} for row in rows
                ],
                "may_look": request.user.has_perm(CHANGE),
                "columns": columns,
                "highest": max(column["number"] for column in columns),
                "width": WIDTH * days,
                "height": HEIGHT,
                "company": company,
                "listed": most_listed(company),
            },
        ).render()

    def _record(self, request: HttpRequest) -> None:
        record_list(
            by=request.user,
            customers=(),
            purpose=self.purpose,
            field_groups=self.field_groups,
            filters=["unusual"],
        )

    @transaction.atomic
    def csv_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        record_export(
            by=request.user,
            count=0,
            purpose=self.purpose,
            field_groups=self.field_groups,
            filters=["unusual"],
        )
        head = [_("day"), _("kind"), _("member of staff"), _("accesses"), _("finding")]
        rows = unusual_accesses(_days(request))
        return csv_response("unusual", [head, *map(_line, rows)])

    def look(self, request: HttpRequest, kind: str, day: str, member: str) -> HttpResponse:
        """Ask what it was, and write it down."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        on = _day(day)
        if kind not in UnusualKind.values or on is None:
            raise Http404
        user: Any = request.user
        who = get_object_or_404(User, public_id=member, is_staff=True)
        return self.form_view(
            request,
            form_class=LookForm,
            act=partial(settle, kind, on, who, by=user),
            title=_("Look into an unusual access"),
            done=_("The finding is recorded."),
            back=reverse(LIST),
            note=f"{who}: {UnusualKind(kind).label}, {date_format(on, 'SHORT_DATE_FORMAT')}",
        )

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, DAYS) else DAYS[1]


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _links(row: Unusual) -> dict[str, str]:
    query = urlencode({"member": row.member.public_id, "day": row.day.isoformat()})
    look = [row.kind, row.day.isoformat(), row.member.public_id]
    return {
        "records": f"{reverse('admin:access_accessrecord_changelist')}?{query}",
        "look": reverse("admin:staff_unusualaccess_look", args=look),
    }


def _columns(rows: list[Unusual], days: int) -> list[dict[str, Any]]:
    counts = Counter(row.day for row in rows)
    highest = max(counts.values(), default=1)
    first = local_day(timezone.now()) - timedelta(days=days - 1)
    columns = []
    for place in range(days):
        day = first + timedelta(days=place)
        height = scaled(counts[day], highest)
        columns.append(
            {
                "label": date_format(day, "SHORT_DATE_FORMAT"),
                "number": counts[day],
                "x": place * WIDTH + 1,
                "y": HEIGHT - height,
                "height": height,
            }
        )
    return columns


def _line(row: Unusual) -> list[Any]:
    finding = row.settled.get_finding_display() if row.settled else ""
    return [row.day, row.kind.label, row.member, row.number, finding]


class FlagForm(forms.Form):
    member = MemberField()
    customer = forms.CharField(label=_("Public id of the customer"), max_length=32)
    tie = forms.ChoiceField(
        label=_("Is to the member"),
        choices=[("", "---"), *Tie.choices],
    )

    def clean_customer(self) -> Customer:
        typed = self.cleaned_data["customer"].strip().lower()
        customer = Customer.objects.filter(public_id=typed).first()
        if customer is None:
            raise forms.ValidationError(_("There is no customer of this public id."))
        return customer


@admin.register(FlaggedRecord)
class FlaggedRecordAdmin(PersonalDataAdmin):
    add_permission = ADD_FLAG
    purpose = ACCESS_REVIEW
    field_groups = (DataCategory.ACCESS_RECORD,)

    list_display = ["member", "short_id", "tie", "flagged_by", "flagged_at"]
    list_select_related = ["member", "customer", "flagged_by"]
    list_display_links = None
    sortable_by = ()
    actions = ["unflag"]

    @admin.display(description=_("customer"))
    def short_id(self, flag: FlaggedRecord) -> str:
        return flag.customer.public_id[:SHORT_ID]

    has_unflag_permission = PersonalDataAdmin.has_add_permission

    def add_row(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        return self.form_view(
            request,
            form_class=FlagForm,
            act=partial(flag_record, by=user),
            title=_("Flag a record"),
            done=_("The record is flagged. Each access of this member to it is unusual."),
            back=reverse("admin:staff_flaggedrecord_changelist"),
        )

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is

    @admin.action(description=_("Remove the flags"), permissions=["unflag"])
    def unflag(self, request: HttpRequest, queryset: Any) -> None:
        self.run_on_each(request, queryset, unflag_record)
