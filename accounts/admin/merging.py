"""Two records of one person: asked for on one of them, looked at and decided by somebody else."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from access.services import record_access
from accounts.admin.assist import CHANGE_CUSTOMER
from accounts.merging import approve_merge, ask_merge, refuse_merge
from accounts.models import Customer, CustomerMerge, KeptSignIn, MergeState
from accounts.record import masked_record
from common.admin import badge, is_among, named
from common.forms import ProseField
from common.personal_data import DataCategory

DECIDE = "accounts.change_customermerge"
TONES = {MergeState.WAITING: "warning", MergeState.MERGED: "success", MergeState.REFUSED: "info"}


class MergeForm(forms.Form):
    duplicate = forms.CharField(
        label=_("Public id of the duplicate"),
        min_length=32,
        max_length=32,
        help_text=_("All 32 characters, as the customer's page shows them."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    kept_sign_in = forms.ChoiceField(
        label=_("Where both have a sign-in, which one stays?"), choices=KeptSignIn
    )
    reason = ProseField(
        label=_("Reason"),
        max_length=500,
        help_text=_("How you know that it is one person."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_duplicate(self) -> str:
        return str(self.cleaned_data["duplicate"]).lower()


class MergingAdmin(PersonalDataAdmin):
    def has_merge_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_CUSTOMER))

    @action(  # type: ignore[untyped-decorator]
        description=_("Merge with a duplicate"), icon="merge", permissions=["merge"]
    )
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        survivor = self.get_row(request, object_id, CHANGE_CUSTOMER)
        user: Any = request.user
        return self.form_view(
            request,
            form_class=MergeForm,
            act=partial(ask_merge, survivor, by=user),
            title=_("Merge with a duplicate"),
            done=_("The merge is asked for. A data protection officer decides."),
            back=self.page_of(survivor),
            after=lambda merge: reverse("admin:accounts_customermerge_change", args=[merge.pk]),
            object=survivor,
            note=_(
                "This record stays; the other one becomes part of it. Nothing happens before a"
                " data protection officer has looked at both."
            ),
        )


@admin.register(CustomerMerge)
class CustomerMergeAdmin(PersonalDataAdmin):
    purpose = CUSTOMER_CARE
    field_groups = (DataCategory.CONTACT,)

    list_display = ["asked_at", "stays", "goes", "state_badge", "asked", "decided"]
    list_filter = ["state"]
    list_select_related = ["survivor", "asked_by", "decided_by"]
    sortable_by = ()
    fields = [
        "stays",
        "goes",
        "state",
        "is_claim",
        "kept_sign_in",
        "reason",
        "asked",
        "asked_at",
        "decided",
        "decided_at",
    ]
    readonly_fields = ["stays", "goes", "asked", "decided"]
    actions_detail = ["approve", "refuse"]
    change_form_outer_after_template = "admin/accounts/customermerge/both.html"
    asked = staticmethod(named("asked_by", _("asked by")))
    decided = staticmethod(named("decided_by", _("decided by")))

    @admin.display(description=_("stays"))
    def stays(self, merge: CustomerMerge) -> str:
        return str(merge.survivor)

    @admin.display(description=_("duplicate"))
    def goes(self, merge: CustomerMerge) -> str:
        return merge.duplicate_public_id[:8]

    @badge(description=_("state"), tones=TONES)
    def state_badge(self, merge: CustomerMerge) -> tuple[str, str]:
        return merge.state, merge.get_state_display()

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show both behind their masks while it is to be decided; the look at each is recorded."""
        merge = context["original"]
        duplicate = Customer.objects.filter(pk=merge.duplicate_key).first()
        if merge.state == MergeState.WAITING and duplicate is not None:
            staff: Any = request.user
            merge.groups = masked_record(merge.survivor, by=staff)
            groups = masked_record(duplicate, by=staff)
            record_access(
                by=request.user,
                action=AccessAction.OPEN,
                customer=duplicate.public_id,
                purpose=self.purpose,
                field_groups=[group.category for group in groups],
            )
            context["both"] = [
                (merge.survivor, _("Stays"), merge.groups),
                (duplicate, _("Duplicate"), groups),
            ]
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def record(self, request: HttpRequest, row: Any, action: AccessAction, **details: Any) -> None:
        """Record an opened page under everything of which it shows masks."""
        if groups := getattr(row, "groups", None):
            details["field_groups"] = [group.category for group in groups]
        super().record(request, row, action, **details)

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer the decision to who may take it, as long as it is to be taken."""
        if not request.user.has_perm(DECIDE):
            return False
        waiting = CustomerMerge.objects.filter(state=MergeState.WAITING)
        others = waiting.exclude(asked_by=request.user.pk)
        return object_id is None or is_among(others, object_id)

    @action(  # type: ignore[untyped-decorator]
        description=_("Merge for good"), icon="merge", permissions=["decide"]
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=DECIDE,
            step=approve_merge,
            title=_("Merge for good"),
            is_grave=True,
            done=_("The two records are one now."),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Leave them apart"), icon="call_split", permissions=["decide"]
    )
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=DECIDE,
            step=refuse_merge,
            title=_("Leave them apart"),
            done=_("The records stay apart."),
        )
