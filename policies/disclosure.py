"""The one gate through which customers' data leaves the company."""

from collections.abc import Collection, Iterator
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from common.personal_data import DataCategory
from policies.clocks import the_company
from policies.exceptions import DisclosureRefused
from policies.models import Agreement, Company, Promise, Purpose, Recipient, RecipientKind


@transaction.atomic
def require_disclosable(
    recipient: Recipient, *, purpose: Purpose, categories: Collection[str], on: date
) -> None:
    """Pass only when the recipient may get this data for this purpose on that day.

    Call it in the transaction that records the disclosure: the recipient's row is
    held, so that what was found stays true until the commit; who changes one of its
    purposes waits for it too. Whether a customer consented, where the purpose asks
    for it, is the caller's to see.

    Raises DisclosureRefused, NotConfigured.
    """
    held = Recipient.objects.select_for_update(of=("self",), no_key=True)
    recipient.refresh_from_db(from_queryset=held)
    if objection := next(_objections(recipient, purpose, categories, on), None):
        raise DisclosureRefused(objection)


def standing_objection(
    recipient: Recipient, on: date, *, company: Company, is_bound: bool, has_purpose: bool
) -> str | None:
    """Return why the recipient may receive nothing at all that day, or None.

    ``is_bound`` and ``has_purpose`` are what RecipientQuerySet.with_standing() finds.
    """
    if recipient.retired_on and recipient.retired_on <= on:
        return _("This recipient is no longer used.")
    if refusal := kind_refused(recipient.kind, company):
        return refusal
    if recipient.needs_agreement and not is_bound:
        return _("It has no valid agreement.")
    if not has_purpose:
        return _("None of its purposes is in use.")
    return None


def kind_refused(kind: str, company: Company) -> str | None:
    if kind not in company.forbidden_recipient_kinds:
        return None
    sentence = _("The company promised to give nothing to recipients of this kind: %s.")
    return _with_promise(sentence % RecipientKind(kind).label, "forbidden_recipient_kinds")


def category_refused(categories: Collection[str], company: Company) -> str | None:
    closed = [name for name in categories if name in company.closed_data_categories]
    if not closed:
        return None
    sentence = _("The company promised never to disclose: %s.")
    return _with_promise(sentence % _names(closed), "closed_data_categories")


def _objections(
    recipient: Recipient, purpose: Purpose, categories: Collection[str], on: date
) -> Iterator[str]:
    company = the_company()
    is_bound = Agreement.objects.valid(on).filter(recipient=recipient).exists()
    has_purpose = recipient.purposes.in_use(on).exists()
    if refusal := standing_objection(
        recipient, on, company=company, is_bound=is_bound, has_purpose=has_purpose
    ):
        yield refusal
    if refusal := category_refused(categories, company):
        yield refusal
    agreed = recipient.purposes.filter(pk=purpose.pk).first()
    if agreed is None:
        yield _("This recipient receives nothing for the purpose “%s”.") % purpose.name
    elif agreed.retired_on and agreed.retired_on <= on:
        yield _("The purpose “%s” is no longer used.") % purpose.name
    else:
        yield from _uncovered(recipient, agreed, categories)


def _uncovered(
    recipient: Recipient, purpose: Purpose, categories: Collection[str]
) -> Iterator[str]:
    if not categories:
        yield _("Name the data that is to be disclosed.")
    if others := [name for name in categories if name not in recipient.data_categories]:
        yield _("This recipient does not receive: %s.") % _names(others)
    if others := [name for name in categories if name not in purpose.data_categories]:
        yield _("The purpose “%(purpose)s” does not use: %(data)s.") % {
            "purpose": purpose.name,
            "data": _names(others),
        }


def _with_promise(sentence: str, setting: str) -> str:
    """Add the promise that set this, as the profile tells it."""
    promise = Promise.objects.active().filter(parameters__has_key=setting).first()
    return f"{sentence} {promise.code}: “{promise.text}”" if promise else sentence


def _names(categories: Collection[str]) -> str:
    return ", ".join(str(DataCategory(name).label) for name in categories)
