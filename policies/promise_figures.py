"""Figures of promises in words: exact for the desk, rounded for the public."""

from decimal import Decimal

from django.utils.crypto import salted_hmac
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from policies.models import PromiseStatus
from policies.promises import Unit

Figure = Decimal | int | None

COUNTED: dict[str, LazyText] = {
    Unit.CUSTOMERS: ngettext_lazy("%(n)d customer", "%(n)d customers", "n"),
    Unit.COMPLAINTS: ngettext_lazy("%(n)d complaint", "%(n)d complaints", "n"),
    Unit.CONSENTS: ngettext_lazy("%(n)d consent", "%(n)d consents", "n"),
    Unit.USES: ngettext_lazy("%(n)d use of data", "%(n)d uses of data", "n"),
    Unit.MAILS: ngettext_lazy("%(n)d mail", "%(n)d mails", "n"),
    Unit.PURPOSES: ngettext_lazy("%(n)d purpose", "%(n)d purposes", "n"),
    Unit.RECIPIENTS: ngettext_lazy("%(n)d recipient", "%(n)d recipients", "n"),
    Unit.VERSIONS: ngettext_lazy("%(n)d policy version", "%(n)d policy versions", "n"),
    Unit.FACTS: ngettext_lazy("%(n)d fact", "%(n)d facts", "n"),
    Unit.HOSTS: ngettext_lazy("%(n)d other site", "%(n)d other sites", "n"),
    Unit.SEALED: ngettext_lazy("%(n)d encrypted value", "%(n)d encrypted values", "n"),
    Unit.ENQUIRIES: ngettext_lazy("%(n)d enquiry", "%(n)d enquiries", "n"),
    Unit.SESSIONS: ngettext_lazy("%(n)d session", "%(n)d sessions", "n"),
    Unit.DAILY_COUNTS: ngettext_lazy("%(n)d daily count", "%(n)d daily counts", "n"),
    Unit.SYSTEMS: ngettext_lazy("%(n)d system", "%(n)d systems", "n"),
    Unit.SUBSCRIPTIONS: ngettext_lazy("%(n)d subscription", "%(n)d subscriptions", "n"),
    Unit.NEWSLETTERS: ngettext_lazy("%(n)d newsletter", "%(n)d newsletters", "n"),
    Unit.RECORDINGS: ngettext_lazy("%(n)d recording", "%(n)d recordings", "n"),
    Unit.DEVICES: ngettext_lazy("%(n)d device", "%(n)d devices", "n"),
    Unit.TEXTS: ngettext_lazy("%(n)d text", "%(n)d texts", "n"),
    Unit.DELETIONS: ngettext_lazy("%(n)d deletion", "%(n)d deletions", "n"),
    Unit.SEALS: ngettext_lazy("%(n)d seal", "%(n)d seals", "n"),
    Unit.ORDERS: ngettext_lazy("%(n)d order", "%(n)d orders", "n"),
    Unit.SERVICES: ngettext_lazy("%(n)d service", "%(n)d services", "n"),
}
# Of these, a difference from one day to the next could tell of one person.
ABOUT_PEOPLE = (
    Unit.CUSTOMERS,
    Unit.ORDERS,
    Unit.SERVICES,
    Unit.COMPLAINTS,
    Unit.CONSENTS,
    Unit.USES,
    Unit.MAILS,
    Unit.ENQUIRIES,
    Unit.SESSIONS,
    Unit.SUBSCRIPTIONS,
    Unit.RECORDINGS,
    Unit.DEVICES,
    Unit.TEXTS,
)
STEP = 10


def exact(figure: Figure, unit: str) -> str:
    """Return a figure with its unit, "" where nothing was counted."""
    return "" if figure is None else str(COUNTED[unit] % {"n": int(figure)})


def rounded(status: str, figure: Figure, unit: str, *, of: str) -> str:
    """Return what may be published of a figure; of people only "fewer than 20", or whole tens.

    Of a kept promise nothing: there the figure is 0, and the status has said so. A public
    page is read every day, and at a boundary that everybody knows, one person more would
    be seen to come. So each promise (``of``) has boundaries of its own, which nobody
    outside can know: a number that passes one tells of no single person.
    """
    if figure is None or unit not in ABOUT_PEOPLE:
        return exact(figure, unit)
    if status == PromiseStatus.KEPT:
        return ""
    tens = (int(figure) - _offset(of)) // STEP
    label = Unit(unit).label
    if tens < 1:
        return _("fewer than %(n)d %(unit)s") % {"n": 2 * STEP, "unit": label}
    return _("%(n)d or more %(unit)s") % {"n": tens * STEP, "unit": label}


def _offset(of: str) -> int:
    """Return by how much the boundaries of a promise are moved, from 0 to 9: a secret."""
    digest = salted_hmac("policies.promise_figures", of, algorithm="sha256").digest()
    return digest[0] % STEP
