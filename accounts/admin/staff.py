from typing import Any

from allauth.account.forms import ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from accounts.models import User
from accounts.second_factor import FACTORS
from accounts.sessions import end_sessions
from accounts.staff import remove_second_factor, telling_of_roles
from accounts.staff_locking import unlock_member
from common.admin import PortalAdmin, is_among
from common.history import save_as
from common.reauthentication import confirm_again
from common.text import clean_email

FIELDS = (
    "email",
    "staff_name",
    "language",
    "groups",
    "engagement",
    "engaged_until",
    "is_active",
)


class RolesChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return gettext(obj.name)


class StaffForm(forms.ModelForm):  # type: ignore[type-arg]
    groups = RolesChoice(
        Group.objects.order_by("name"),
        label=_("Roles"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = User
        fields = FIELDS
        # Whose it is stays open: administrators do not learn who is a customer.
        error_messages = {
            "email": {"unique": _("This address cannot be used for a member of staff.")}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"staff_name", "engagement"} & self.fields.keys():
            self.fields[name].required = True

    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"])


@admin.register(User)
class StaffAdmin(PortalAdmin):
    """The members of staff. Customers' sign-ins are not here, nor anything about customers."""

    form = StaffForm
    list_display = [
        "staff_name",
        "email",
        "roles",
        "second_factor",
        "engagement",
        "locked_at",
        "is_active",
    ]
    list_filter = ["is_active"]
    ordering = ["staff_name", "pk"]
    fields = FIELDS
    actions_detail = ["unlock", "lost_second_factor"]

    def get_queryset(self, request: HttpRequest) -> Any:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
        staff = super().get_queryset(request).filter(is_staff=True)
        return staff.annotate(has_factor=Exists(factors)).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes a superuser here, nor their own roles."""
        mine = obj is not None and (obj.is_superuser or obj == request.user)
        return bool(super().has_change_permission(request, obj)) and not mine

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.fields if obj is not None or name != "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["email"]

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(gettext(group.name) for group in user.groups.all())

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, user: Any) -> bool:
        return bool(user.has_factor)

    def has_lost_second_factor_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        member = self.get_object(request, str(object_id)) if object_id else None
        return member is not None and self.has_change_permission(request, member)

    @action(  # type: ignore[untyped-decorator]
        description=_("Remove the second factor"),
        icon="phonelink_erase",
        permissions=["lost_second_factor"],
    )
    def lost_second_factor(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a member begin anew whose phone or key is lost, once it is clear who they are."""
        if not self.has_lost_second_factor_permission(request, object_id):
            raise PermissionDenied

        @transaction.atomic
        def remove(member: User, *, by: User) -> None:
            remove_second_factor(member, by=by)
            _mail_link(request, member)

        return self.step_view(
            request,
            object_id,
            permission="accounts.change_user",
            step=remove,
            is_grave=True,
            title=_("Remove the second factor"),
            done=_(
                "The second factor is removed. The member gets a link by mail, chooses a new"
                " password and then sets up another."
            ),
        )

    def has_unlock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        locked = User.objects.filter(is_staff=True, locked_at__isnull=False)
        return (
            object_id is not None
            and is_among(locked, object_id)
            and self.has_change_permission(request)  # of a superuser too: the link is theirs
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Unlock the sign-in"), icon="lock_open", permissions=["unlock"]
    )
    def unlock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let a member in again whose sign-in failed too often, once it is clear who it was."""

        @transaction.atomic
        def unlock(member: User, *, by: User) -> None:
            unlock_member(member, by=by)
            _mail_link(request, member)

        return self.step_view(
            request,
            object_id,
            permission="accounts.change_user",
            step=unlock,
            is_grave=True,
            title=_("Unlock the sign-in"),
            done=_("The sign-in is unlocked. The member gets a link by mail for a new password."),
        )

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        confirm_again(request)
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        by: Any = request.user
        # What was typed alone: the whole row would bring back a password taken away meanwhile.
        fields = [name for name in form.changed_data if name != "groups"] if change else None
        with telling_of_roles(obj, by=by):
            save_as(obj, by=by, reason="changed" if change else "added", fields=fields)
            form.save_m2m()  # the roles, which the admin would save after this
        if not change:
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True)
            _mail_link(request, obj)
        elif not obj.is_active:
            end_sessions([obj.pk])


def _mail_link(request: HttpRequest, user: User) -> None:
    """Let a new member of staff choose a password, as "forgot password" does later."""
    form = ResetPasswordForm({"email": user.email})
    if form.is_valid():
        form.save(request)
