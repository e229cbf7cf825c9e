"""Figures of promises in words: exact for the desk, rounded for the public."""

from decimal import Decimal

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

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
    Unit.SESSIONS: ngettext_lazy("%(n)d session", "%(n)d sessions", "n"),
    Unit.DAILY_COUNTS: ngettext_lazy("%(n)d daily count", "%(n)d daily counts", "n"),
}
# Of these, a difference from one day to the next could tell of one person.
ABOUT_PEOPLE = (
    Unit.CUSTOMERS,
    Unit.COMPLAINTS,
    Unit.CONSENTS,
    Unit.USES,
    Unit.MAILS,
    Unit.SESSIONS,
)
SMALLEST = 10


def exact(figure: Figure, unit: str) -> str:
    """Return a figure with its unit, "" where nothing was counted."""
    return "" if figure is None else str(COUNTED[unit] % {"n": int(figure)})


def rounded(figure: Figure, unit: str) -> str:
    """Return what may be published of a figure: of people only 0, "fewer than 10", or whole tens.

    Rounded down, so that no one person is seen to come or go.
    """
    if not figure or unit not in ABOUT_PEOPLE:
        return exact(figure, unit)
    values = {"n": int(figure) // SMALLEST * SMALLEST, "unit": Unit(unit).label}
    if figure < SMALLEST:
        return _("fewer than 10 %(unit)s") % values
    return _("%(n)d or more %(unit)s") % values
