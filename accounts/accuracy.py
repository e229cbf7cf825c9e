"""Customers declare that their details are right: at sign-up, with each change, and when asked."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.locks import lock_open
from accounts.models import AccuracyDeclaration, Customer, CustomerQuerySet, EventChannel, Occasion
from notices.models import NoticePriority
from notices.services import queue_notices
from policies.clocks import the_company
from policies.counting import add_months, local_day, midnight
from policies.models import sha256

BATCH = 500
MOST_A_RUN = 20_000  # the others are asked on the days after


def wording() -> str:
    """Return what a customer declares, in the language in use; the pages show these very words."""
    return _(
        "I declare that my details are complete and correct. I know that I am responsible for"
        " wrong ones."
    )


def declare_accuracy(customer: Customer, occasion: Occasion) -> None:
    """Write that the customer declared it just now; call it under the customer's lock."""
    words = wording()
    declaration = AccuracyDeclaration.objects.create(
        customer=customer,
        occasion=occasion,
        wording=words,
        wording_sha256=sha256(words),
        language=(translation.get_language() or customer.language)[:2],
        channel=EventChannel.WEB,
    )
    Customer.objects.filter(pk=customer.pk).update(declared_at=declaration.at)


@transaction.atomic
def confirm_details(customer: Customer) -> None:
    """Take a customer's word that nothing needs to be corrected.

    Raises AccountClosed.
    """
    lock_open(customer)
    declare_accuracy(customer, Occasion.REVIEW)


class Review(NamedTuple):
    """Since when a last declaration is too old; None while nobody is asked again."""

    before: datetime | None

    def is_due(self, customer: Customer) -> bool:
        if self.before is None:
            return False
        return customer.declared_at is None or customer.declared_at < self.before

    def due(self) -> CustomerQuerySet:
        """Return the customers with a sign-in whose last declaration is too old, or lacks."""
        people = Customer.objects.open().filter(user__is_active=True)
        if self.before is None:
            return people.none()
        return people.filter(Q(declared_at=None) | Q(declared_at__lt=self.before))

    def unasked(self) -> CustomerQuerySet:
        """Narrow due() to those who were not asked since they last declared it."""
        return self.due().filter(
            Q(accuracy_asked_at=None) | Q(accuracy_asked_at__lt=F("declared_at"))
        )


def review(*, at: datetime | None = None, months: int | None = None) -> Review:
    """Return which declarations are too old, counted in local days; 0 months: none ever.

    months: by default the company's interval.

    Raises NotConfigured.
    """
    interval = the_company().accuracy_months if months is None else months
    if interval == 0:
        return Review(None)
    return Review(midnight(add_months(local_day(at or timezone.now()), -interval)))


def ask_for_accuracy(*, at: datetime | None = None) -> int:
    """Ask by mail whose last declaration is too old; return how many, at most MOST_A_RUN.

    Nobody is asked twice between two declarations, so it is safe to repeat.
    """
    due = review(at=at)
    asked = 0
    while asked < MOST_A_RUN and (people := _ask_some(due)):
        asked += people
    return asked


@transaction.atomic
def _ask_some(due: Review) -> int:
    people = list(
        due.unasked().order_by("pk").select_for_update(of=("self",), skip_locked=True)[:BATCH]
    )
    queue_notices(
        "accuracy_due",
        [(customer.public_id, _key(customer), {}) for customer in people],
        priority=NoticePriority.MAILING,  # a sign-in code waits for none of these
    )
    Customer.objects.filter(pk__in=[customer.pk for customer in people]).update(
        accuracy_asked_at=timezone.now()
    )
    return len(people)


def _key(customer: Customer) -> str:
    last = int(customer.declared_at.timestamp()) if customer.declared_at else 0
    return f"accuracy-{customer.public_id}-{last}"
