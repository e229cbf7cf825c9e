"""From a draft to a published policy version.

Publishing is the one step that nobody takes back: the database refuses every
change afterwards. All who publish wait for one another, so that the notice
period and the order of versions are judged by what is really there.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from common.database import wait_for_others
from common.history import delete_as, save_as
from policies.clocks import the_company
from policies.counting import local_day
from policies.exceptions import PublishingRefused
from policies.models import (
    LONGEST_TEXT,
    Company,
    Language,
    PolicyText,
    PolicyVersion,
    Significance,
    sha256,
)
from policies.sections import structure_faults

PUBLISHING = "policies.publishing"
LONGEST_WAIT = 366  # days; a slip in the year would bar every other version until then


@transaction.atomic
def save_draft(
    draft: PolicyVersion | None,
    *,
    number: str,
    significance: Significance,
    summary: Mapping[str, str],
    texts: Mapping[str, str],
    by: AbstractBaseUser,
    based_on: str | None = None,
) -> PolicyVersion:
    """Write a new draft (``draft`` is None) or change one. ``summary`` and ``texts`` by language.

    ``based_on`` is the fingerprint of the draft that the writer began with: what somebody
    else saved since is not overwritten. None writes over whatever is there.

    The languages may still differ: that is judged when the draft is published.

    Raises PublishingRefused, NotConfigured.
    """
    wait_for_others(PUBLISHING)
    version = _locked_draft(draft) if draft else PolicyVersion(profile=the_company().profile)
    if draft and based_on is not None and based_on != fingerprint(version):
        raise PublishingRefused(
            _(
                "Somebody changed this draft since you opened it, so nothing was saved. Open the"
                " draft in another window and bring your text and theirs together there."
            )
        )
    same_number = PolicyVersion.objects.filter(profile=version.profile, number=number)
    if same_number.exclude(pk=version.pk).exists():
        raise PublishingRefused(_("There is a version %s already.") % number)
    version.number, version.significance = number, significance
    version.summary_vi, version.summary_en = summary["vi"], summary["en"]
    if version._state.adding:
        save_as(version, by=by, reason="draft written")
    else:
        fields = ["number", "significance", "summary_vi", "summary_en"]
        save_as(version, by=by, reason="draft changed", fields=fields)
    for language in Language.values:
        write_text(version, language, texts[language], by=by)
    return version


def fingerprint(draft: PolicyVersion) -> str:
    """Return a hash of all that a writer may change in a draft."""
    texts = sorted(draft.texts.values_list("language", "sha256"))
    values = [draft.number, draft.significance, draft.summary_vi, draft.summary_en, texts]
    return sha256(json.dumps(values))


@transaction.atomic
def discard_draft(draft: PolicyVersion, *, by: AbstractBaseUser) -> None:
    """Remove a draft; its history stays.

    Raises PublishingRefused.
    """
    _locked_draft(draft)
    for row in (*draft.texts.all(), draft):
        delete_as(row, by=by, reason="draft discarded")


def earliest_effect(company: Company, published_on: date) -> date:
    """Return the first day on which a version published then may take effect.

    That is when the promised notice has passed, and after every version published so far.
    """
    due = published_on + timedelta(days=company.notice_period_days)
    last = PolicyVersion.objects.of_company().order_by("effective_on").last()
    if last is None or last.effective_on is None:
        return due
    return max(due, last.effective_on + timedelta(days=1))


@transaction.atomic
def publish_version(
    version: PolicyVersion,
    *,
    effective_on: date,
    compared: Mapping[str, str],
    by: AbstractBaseUser,
) -> None:
    """Publish a draft from now on, to take effect on ``effective_on``.

    ``compared`` are the SHA-256 by language of the texts that the DPO has read side by side
    and found to agree; what was changed since is not published.

    Raises PublishingRefused, NotConfigured.
    """
    wait_for_others(PUBLISHING)
    _locked_draft(version)
    _require_compared(version, compared)
    company = the_company()
    if version.profile != company.profile:
        raise PublishingRefused(_("This draft belongs to another company."))
    now = timezone.now()
    _require_possible(effective_on, earliest_effect(company, local_day(now)))
    mark_published(
        version,
        at=now,
        notice_days=company.notice_period_days,
        effective_on=effective_on,
        by=by,
    )


def mark_published(
    version: PolicyVersion,
    *,
    at: datetime,
    notice_days: int,
    effective_on: date,
    by: AbstractBaseUser | None,
) -> None:
    """Write what publication is; for publish_version() and the loading of a profile."""
    version.published_at = at
    version.published_by = by  # type: ignore[assignment]
    version.notice_days, version.effective_on = notice_days, effective_on
    save_as(
        version,
        by=by,
        reason="published",
        fields=["published_at", "published_by", "notice_days", "effective_on"],
    )


def write_text(
    version: PolicyVersion, language: str, body: str, *, by: AbstractBaseUser | None
) -> None:
    """Set a draft's text in one language; the same text again writes nothing.

    Raises PublishingRefused.
    """
    body = body.replace("\r\n", "\n").strip()
    if len(body) > LONGEST_TEXT:
        raise PublishingRefused(_("The text is longer than %d characters.") % LONGEST_TEXT)
    text = version.texts.filter(language=language).first()
    text = text or PolicyText(version=version, language=language)
    if text.body == body and not text._state.adding:
        return
    text.body, text.sha256 = body, sha256(body)
    if text._state.adding:
        save_as(text, by=by, reason="draft written")
    else:
        save_as(text, by=by, reason="draft changed", fields=["body", "sha256"])


def _require_compared(version: PolicyVersion, compared: Mapping[str, str]) -> None:
    texts = {text.language: text for text in version.texts.all()}
    if {language: text.sha256 for language, text in texts.items()} != compared:
        raise PublishingRefused(
            _("The text was changed since you compared the languages. Compare them again.")
        )
    vi, en = (texts[code].body if code in texts else "" for code in ("vi", "en"))
    if faults := structure_faults(vi, en):
        raise PublishingRefused(" ".join(map(str, faults)))


def _require_possible(effective_on: date, earliest: date) -> None:
    if effective_on < earliest:
        raise PublishingRefused(
            _("The version can take effect on %s at the earliest.")
            % date_format(earliest, "SHORT_DATE_FORMAT")
        )
    latest = earliest + timedelta(days=LONGEST_WAIT)
    if effective_on > latest:
        raise PublishingRefused(
            _("The version can take effect on %s at the latest.")
            % date_format(latest, "SHORT_DATE_FORMAT")
        )


def _locked_draft(version: PolicyVersion) -> PolicyVersion:
    """Reload a version, hold its row, and make sure that nobody published it meanwhile."""
    locked = PolicyVersion.objects.select_for_update(of=("self",))
    try:
        version.refresh_from_db(from_queryset=locked)
    except PolicyVersion.DoesNotExist as error:
        raise PublishingRefused(_("This draft was discarded meanwhile.")) from error
    if version.is_published:
        raise PublishingRefused(_("This version is published; it is never changed again."))
    return version
