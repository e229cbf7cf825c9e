"""Steps by which staff close an account, and open a closed one again."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from accounts.admin.assist import CHANGE_CUSTOMER, NOT_PROVED, IdentityCheckForm
from accounts.closing import close_for_customer, end_service
from accounts.exceptions import IdentityNotProved
from accounts.models import Customer
from accounts.models.assistance import LONGEST_REASON
from accounts.reopening import reopen_for_customer
from common.admin import is_among
from common.forms import ProseField


class EndServiceForm(forms.Form):
    ended_on = forms.DateField(
        label=_("Service ended on"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("The period of the retention rule counts from this day."),
    )
    reason = ProseField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AskedForm(IdentityCheckForm):
    reason = ProseField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        help_text=_("What the customer asked for. They read it in their account."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ClosingAdmin(PersonalDataAdmin):
    def has_end_service_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return bool(request.user.has_perm(CHANGE_CUSTOMER)) and _is_closed(object_id, closed=False)

    @action(  # type: ignore[untyped-decorator]
        description=_("Close for the customer"), icon="person_off", permissions=["end_service"]
    )
    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_CUSTOMER,
            step=_close,
            title=_("Close for the customer"),
            done=_("The account is closed, and the customer gets the receipt by mail."),
            form_class=AskedForm,
        )

    def has_reopen_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_CUSTOMER)) and _is_closed(object_id, closed=True)

    @action(  # type: ignore[untyped-decorator]
        description=_("Record the end of the service"),
        icon="event_busy",
        permissions=["end_service"],
    )
    def end_service(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_CUSTOMER,
            step=end_service,
            title=_("Record the end of the service"),
            done=_("The account is closed, its period counts, and the customer is told by mail."),
            form_class=EndServiceForm,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Open the account again"), icon="lock_open", permissions=["reopen"]
    )
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_CUSTOMER,
            step=_reopen,
            title=_("Open the account again"),
            done=_("The account is open again, and the customer is told by mail."),
            form_class=AskedForm,
        )


def _is_closed(object_id: str | None, *, closed: bool) -> bool:
    rows = Customer.objects.filter(closed_at__isnull=not closed)
    return object_id is not None and is_among(rows, object_id)


def _close(customer: Customer, **asked: Any) -> None:
    if close_for_customer(customer, **asked) is None:
        raise IdentityNotProved(NOT_PROVED)


def _reopen(customer: Customer, **asked: Any) -> None:
    if reopen_for_customer(customer, **asked) is None:
        raise IdentityNotProved(NOT_PROVED)
