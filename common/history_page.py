"""What the desk's history pages say: which field changed, from what to what, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

# The codes that services give to common.history.save_as; a state of a case stands for itself.
REASONS: dict[str, str | Promise] = {
    "signed up": _("signed up"),
    "email verified": _("email verified"),
    "language chosen": _("language chosen"),
    "chosen by customer": _("chosen by the customer"),
    "corrected by customer": _("corrected by the customer"),
    "command line": _("changed on the command line"),
    "access mails chosen": _("mails about accesses chosen by the customer"),
    "phone erased": _("phone erased"),
    "address erased": _("address erased"),
    "declared": _("declared by the customer"),
    "emptied": _("emptied by the customer"),
    "recorded by staff": _("recorded by staff"),
    "recorded with a complaint": _("recorded with a complaint sent without an account"),
    "merged": _("merged with another record of the same person"),
    "claimed": _("claimed by the person who signed up"),
    "asked phone": _("asked by phone, changed by staff"),
    "asked counter": _("asked at the counter, changed by staff"),
    "asked post": _("asked by post, changed by staff"),
    "asked email": _("asked by email, changed by staff"),
    "closed by customer": _("closed by the customer"),
    "closed for customer": _("closed by staff, as the customer asked"),
    "locked": _("locked"),
    "unlocked": _("unlocked with a new password"),
    "unauthorised use reported": _("unauthorised use reported"),
    "unlocking allowed": _("unlocking allowed"),
    "settled": _("settled"),
    "second factor removed": _("second factor removed"),
    "account closed": _("account closed"),
    "service ended": _("the service has ended"),
    "no longer necessary": _("the data is no longer necessary"),
    "reopened by customer": _("opened again by the customer"),
    "reopened by staff": _("opened again by staff"),
    "account reopened": _("account opened again"),
    "approval asked": _("customer asked for approval"),
    "approval granted": _("granted by the customer"),
    "approval refused": _("refused by the customer"),
    "approval ended": _("ended by the customer"),
    "backup asked": _("customer asked to confirm a backup"),
    "backup confirmed": _("confirmed by the customer"),
    "backup refused": _("refused by the customer"),
    "backup taken back": _("taken back by the customer"),
    "emergency asked": _("emergency asked for"),
    "emergency confirmed": _("confirmed by a second person"),
    "customer told": _("customer told"),
    "filed": _("complaint filed"),
    "classified": _("severity and complexity judged"),
    "extended": _("time extended"),
    "asked": _("customer asked"),
    "answered": _("customer answered"),
    "went_on": _("went on without an answer"),
    "conflict of interest": _("conflict of interest"),
    "agreed": _("customer agreed"),
    "identity_checked": _("identity checked"),
    "clocks started": _("time limits started"),
    "assigned": _("assigned"),
    "received with the case": _("received with the case"),
    "reviewed": _("reviewed"),
    "hold placed": _("hold placed"),
    "hold released": _("hold released"),
    "hold reviewed": _("hold reviewed"),
    "approved": _("approved"),
    "permitted": _("permitted"),
    "profile loaded": _("profile loaded"),
    "superseded": _("superseded"),
    "added": _("added"),
    "changed": _("changed"),
    "retired": _("retired"),
    "revoked": _("revoked"),
    "secret renewed": _("a new secret was made"),
    "gone": _("the system answered that it is gone"),
    "resumed": _("orders are sent again"),
    "written": _("written"),
    "sent": _("sent"),
    "ended": _("ended"),
    "source confirmed": _("source confirmed"),
    "proposed": _("proposed"),
    "imported": _("imported"),
    "corrected": _("corrected"),
    "rejected": _("rejected"),
    "confirmed": _("confirmed"),
    "swap entered": _("swap entered"),
    "announcement changed": _("the announcement was changed"),
    "entered wrongly": _("it was entered wrongly"),
    "year completed": _("year completed"),
    "draft written": _("draft written"),
    "draft changed": _("draft changed"),
    "draft discarded": _("draft discarded"),
    "published": _("published"),
    "calendar changed": _("the official calendar changed"),
}

Shown = Callable[[Any, Any], Any]
"""Takes a row of history and one of its fields; returns what may be shown of it."""


@dataclass(frozen=True)
class Change:
    field: str
    old: Any
    new: Any


def changes_between(older: Any, newer: Any, shown: Shown) -> list[Change]:
    """Return what differs, also in fields that no form edits: the library leaves those out."""
    return [
        Change(str(capfirst(field.verbose_name)), shown(older, field), shown(newer, field))
        for field in newer.tracked_fields
        if getattr(older, field.attname) != getattr(newer, field.attname)
    ]


def value_of(record: Any, field: Any) -> Any:
    """Return a field's value the way people read it."""
    if isinstance(field, models.ForeignKey):
        return _referred(record, field)
    display = getattr(record, f"get_{field.name}_display", None)
    return display() if display else getattr(record, field.name)


def _referred(record: Any, field: Any) -> str:
    try:
        row = getattr(record, field.name)
    except ObjectDoesNotExist:
        return str(_("deleted"))
    return "" if row is None else str(row)
