"""Policy versions: drafts are written, compared and published here; what is published is read."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, badge
from policies.admin.side_by_side import side_by_side
from policies.admin.version_forms import DraftForm, PublishForm
from policies.audience import count_readers
from policies.clocks import the_company
from policies.counting import local_day
from policies.models import (
    Company,
    Language,
    PolicyVersion,
    Significance,
    VersionState,
)
from policies.publishing import (
    discard_draft,
    earliest_effect,
    fingerprint,
    publish_version,
    save_draft,
)
from policies.sections import structure_faults

ADD = "policies.add_policyversion"
CHANGE = "policies.change_policyversion"

STATE_TONES = {
    VersionState.DRAFT: "info",
    VersionState.PUBLISHED: "warning",
    VersionState.IN_EFFECT: "success",
    VersionState.SUPERSEDED: "default",
}


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    add_permission = ADD
    list_display = ["number", "profile", "state_badge", "significance", "published", "effective_on"]
    sortable_by = ()
    page_title = _("Policy version")
    change_form_template = "admin/policies/policyversion/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        return [
            self.step_path("edit", partial(self._on_draft, self._edit)),
            self.step_path("publish", partial(self._on_draft, self._publish)),
            self.step_path("discard", partial(self._on_draft, self._discard)),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_ends()

    @badge(description=_("state"), tones=STATE_TONES)
    def state_badge(self, version: PolicyVersion) -> tuple[str, Any]:
        return version.state, version.state.label

    @admin.display(description=_("published"))
    def published(self, version: PolicyVersion) -> Any:
        return version.published_on

    # One version

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        version = kwargs.get("obj") or context["original"]
        texts = _bodies(version)
        context |= {
            "version": version,
            "hashes": version.texts.order_by("-language"),
            "sections": side_by_side(**texts),
            "faults": [] if version.is_published else structure_faults(**texts),
            "may_change": not version.is_published and request.user.has_perm(CHANGE),
            "public_page": _public_page(version),
        }
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    # Steps

    def add_row(self, request: HttpRequest) -> HttpResponse:
        latest = PolicyVersion.objects.of_company().order_by("effective_on").last()
        return self._write(request, None, _as_typed(_bodies(latest)) if latest else {})

    def _on_draft(
        self,
        step: Callable[[HttpRequest, PolicyVersion], HttpResponse],
        request: HttpRequest,
        object_id: str,
    ) -> HttpResponse:
        draft = self.get_row(request, object_id, CHANGE)
        if draft.is_published:
            text = _("This version is published; it is never changed again.")
            self.message_user(request, str(text), messages.ERROR)
            return redirect(self.page_of(draft))
        return step(request, draft)

    def _edit(self, request: HttpRequest, draft: PolicyVersion) -> HttpResponse:
        initial = {
            "based_on": fingerprint(draft),  # before the texts are read: never newer than they
            "number": draft.number,
            "significance": draft.significance,
            "summary_vi": draft.summary_vi,
            "summary_en": draft.summary_en,
            **_as_typed(_bodies(draft)),
        }
        return self._write(request, draft, initial)

    def _write(
        self, request: HttpRequest, draft: PolicyVersion | None, initial: dict[str, Any]
    ) -> HttpResponse:
        return self.form_view(
            request,
            form_class=DraftForm,
            act=partial(_save, draft, by=request.user),
            title=_("Edit the draft") if draft else _("Write a draft"),
            done=_("The draft is saved."),
            back=self.page_of(draft) if draft else self._list_page(),
            after=self.page_of,
            initial=initial,
            template="admin/policies/policyversion/edit.html",
            object=draft,
        )

    def _discard(self, request: HttpRequest, draft: PolicyVersion) -> HttpResponse:
        user: Any = request.user
        return self.form_view(
            request,
            form_class=forms.Form,
            act=partial(discard_draft, draft, by=user),
            title=_("Discard the draft"),
            done=_("The draft is discarded."),
            back=self.page_of(draft),
            after=lambda _nothing: self._list_page(),
            template="admin/policies/policyversion/discard.html",
            object=draft,
        )

    def _publish(self, request: HttpRequest, draft: PolicyVersion) -> HttpResponse:
        company = the_company()
        today = local_day(timezone.now())
        earliest = earliest_effect(company, today)
        texts = {text.language: text for text in draft.texts.all()}
        bodies = {code: texts[code].body if code in texts else "" for code in Language.values}
        hashes = {f"sha256_{code}": text.sha256 for code, text in texts.items()}
        told = count_readers() if _is_announced(draft) else 0
        return self.form_view(
            request,
            form_class=PublishForm,
            act=partial(_publish, draft, by=request.user),
            title=_("Compare the languages and publish"),
            done=_published(told),
            back=self.page_of(draft),
            initial={"effective_on": earliest, **hashes},
            template="admin/policies/policyversion/publish.html",
            object=draft,
            sections=side_by_side(**bodies),
            faults=structure_faults(**bodies),
            hashes=hashes,
            told=told,
            earliest=earliest,
            company=company,
            waits_for_other=(earliest - today).days > company.notice_period_days,
        )

    def _list_page(self) -> str:
        return reverse("admin:policies_policyversion_changelist")


def _save(draft: PolicyVersion | None, *, by: Any, **typed: Any) -> PolicyVersion:
    return save_draft(
        draft,
        number=typed["number"],
        significance=Significance(typed["significance"]),
        summary={code: typed[f"summary_{code}"] for code in Language.values},
        texts={code: typed[f"text_{code}"] for code in Language.values},
        by=by,
        based_on=typed["based_on"],
    )


def _publish(draft: PolicyVersion, *, by: Any, **typed: Any) -> None:
    publish_version(
        draft,
        effective_on=typed["effective_on"],
        compared={code: typed[f"sha256_{code}"] for code in Language.values},
        by=by,
    )


def _published(told: int) -> str | Promise:
    if told:
        return _(
            "The version is published. The mails are written from the next minute on;"
            " “Policy announcements” then shows how far they are."
        )
    return _("The version is published. It is on the site; nobody gets a mail.")


def _is_announced(draft: PolicyVersion) -> bool:
    """Tell whether customers get a mail: not of a minor version, nor of the first."""
    is_first = not PolicyVersion.objects.of_company().exists()
    return draft.significance == Significance.SIGNIFICANT and not is_first


def _bodies(version: PolicyVersion) -> dict[str, str]:
    return dict.fromkeys(Language.values, "") | {
        text.language: text.body for text in version.texts.all()
    }


def _as_typed(bodies: Mapping[str, str]) -> dict[str, str]:
    return {f"text_{code}": body for code, body in bodies.items()}


def _public_page(version: PolicyVersion) -> str | None:
    """Return the address of the page that customers read, if the version is on one."""
    is_public = version.is_published and Company.objects.filter(profile=version.profile).exists()
    return reverse("policy_version", args=[version.number]) if is_public else None
