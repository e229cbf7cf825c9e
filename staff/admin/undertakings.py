"""Undertakings of confidentiality: each member of staff signs, the officers watch and revoke."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, badge, is_among, named
from policies.clocks import the_company
from policies.counting import local_day
from staff.models import RevocationReason, Undertaking, UndertakingState, UndertakingText
from staff.models.undertakings import LONGEST_TEXT
from staff.undertakings import (
    current_text,
    digest_of,
    publish_text,
    readmit_member,
    renewal_of,
    revoke_undertaking,
    sign_undertaking,
    why_not,
)

CHANGE = "staff.change_undertaking"
ADD_TEXT = "staff.add_undertakingtext"
TONES = {"in_force": "success", "expired": "warning", "revoked": "danger"}


class SignForm(forms.Form):
    number = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("Your name, as signature"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RevokeForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", "---"), *RevocationReason.choices])


class TextForm(forms.Form):
    body_vi = forms.CharField(
        label=_("Text (Vietnamese)"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 16}),
    )
    body_en = forms.CharField(
        label=_("Text (English)"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 16}),
    )


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(UndertakingState.choices)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        rows: dict[str, Any] = {
            UndertakingState.IN_FORCE: queryset.in_force(now),
            UndertakingState.EXPIRED: queryset.filter(
                revoked_at=None, valid_until__lt=local_day(now)
            ),
            UndertakingState.REVOKED: queryset.filter(revoked_at__isnull=False),
        }
        return rows.get(self.value() or "", queryset)


@admin.register(Undertaking)
class UndertakingAdmin(ReadOnlyAdmin):
    list_display = ["member", "state_badge", "valid_until", "signed_at", "text"]
    list_filter = [StateFilter]
    list_select_related = ["member", "text"]
    sortable_by = ()
    fields = [
        named("member", _("member of staff")),
        "state_text",
        "words",
        "typed_name",
        "signed_at",
        "valid_until",
        "fingerprint",
        "agrees",
        "reason",
        named("revoked_by", _("revoked by")),
        "revoked_at",
        named("readmitted_by", _("allowed by")),
        "readmitted_at",
    ]
    readonly_fields = ["state_text", "words", "fingerprint", "agrees"]
    actions_detail = ["revoke", "readmit"]

    def get_urls(self) -> list[URLPattern]:
        sign = path("sign/", self.admin_site.admin_view(self.sign), name="staff_undertaking_sign")
        return [sign, *super().get_urls()]

    @badge(description=_("state"), tones=TONES)
    def state_badge(self, undertaking: Undertaking) -> tuple[str, Any]:
        state = undertaking.state(timezone.now())
        return state, state.label

    @admin.display(description=_("state"))
    def state_text(self, undertaking: Undertaking) -> Any:
        return undertaking.state(timezone.now()).label

    @admin.display(description=_("text"))
    def words(self, undertaking: Undertaking) -> str:
        return str(undertaking.text.body)

    @admin.display(description="SHA-256")
    def fingerprint(self, undertaking: Undertaking) -> str:
        return format_html('<code class="desk-text">{}</code>', undertaking.sha256)

    @admin.display(description=_("the fingerprint agrees"), boolean=True)
    def agrees(self, undertaking: Undertaking) -> bool:
        return digest_of(undertaking) == undertaking.sha256

    # Every member of staff, for themselves

    def sign(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        text = current_text()
        return self.form_view(
            request,
            form_class=SignForm,
            act=partial(sign_undertaking, user, language=(get_language() or "vi")[:2]),
            title=_("Undertaking of confidentiality"),
            done=_("You have signed. Thank you."),
            back=reverse("admin:index"),
            initial={"number": text.number if text else 0},
            template="admin/staff/undertaking/sign.html",
            text=text,
            member=str(user),
            refusal=why_not(user),
            ends_on=renewal_of(user),
            months=the_company().undertaking_months,
            button=_("Sign"),
        )

    # Steps of the officers

    def has_revoke_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        rows = Undertaking.objects.in_force(timezone.now()).exclude(member=request.user.pk)
        known = object_id is None or is_among(rows, object_id)
        return known and bool(request.user.has_perm(CHANGE))

    @action(  # type: ignore[untyped-decorator]
        description=_("Revoke"), icon="block", permissions=["revoke"]
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=revoke_undertaking,
            title=_("Revoke the undertaking"),
            done=_("From now on the member sees no personal data, and is told by mail."),
            form_class=RevokeForm,
        )

    def has_readmit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        rows = Undertaking.objects.barring().exclude(member=request.user.pk)
        known = object_id is None or is_among(rows, object_id)
        return known and bool(request.user.has_perm(CHANGE))

    @action(  # type: ignore[untyped-decorator]
        description=_("Let sign anew"), icon="history_edu", permissions=["readmit"]
    )
    def readmit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=readmit_member,
            is_grave=True,
            title=_("Let sign anew"),
            done=_("The member may sign anew."),
            facts=[self.fields[0], "valid_until", "reason", self.fields[9], "revoked_at"],
        )


@admin.register(UndertakingText)
class UndertakingTextAdmin(ReadOnlyAdmin):
    add_permission = ADD_TEXT
    list_display = ["number", "published_at", "published_by"]
    sortable_by = ()
    fields = [
        "number",
        "published_at",
        named("published_by", _("published by")),
        "body_vi",
        "body_en",
    ]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        text = current_text()
        return self.form_view(
            request,
            form_class=TextForm,
            act=partial(publish_text, by=user),
            title=_("Publish a new text"),
            done=_("The text is published. Whoever signs from now on signs this."),
            back=reverse("admin:staff_undertakingtext_changelist"),
            after=self.page_of,
            initial={"body_vi": text.body_vi, "body_en": text.body_en} if text else None,
            note=_("It is never changed again. What was signed before holds until its last day."),
        )
