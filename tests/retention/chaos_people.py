"""Whom the chaos is about, and what people do to them while the purge runs."""

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from itertools import count
from random import Random
from typing import Any, NamedTuple

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import Error, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.erasure import erase_detail
from accounts.files import file_key
from accounts.models import Customer, IdentityProof, PolicyEvent
from accounts.reopening import reopen_for_customer
from casework.models import Case
from common.attachments import CheckedFile
from common.errors import PortalError
from common.files import store_sealed
from complaints.intake import file_complaint
from notices.services import queue_notices
from policies.models import PolicyText
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.models import LegalHold
from retention.models.holds import KEEPS_AFTER_RELEASE
from retention.services import place_hold, release_hold
from tests.clients import PortalClient
from tests.factories import (
    PASSWORD,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)
from tests.retention.planting import make_full_customer

FULL = 40  # each so manieth customer has something in every table
TOKEN = "c0ffee"
FAR = timedelta(days=30)
HALF = 0.5

_number = count(1)


def public_id_of(number: int) -> str:
    return f"{TOKEN}{number:026d}"


@transaction.atomic
def plant_customers(numbers: Iterable[int]) -> None:
    """Make customers whose account was closed long ago, and whose last day is far."""
    full, small = [], []
    for number in numbers:
        (small if number % FULL else full).append(public_id_of(number))
    for token in full:
        _make_full(token)
    _make_small(small, closed_days_ago=400)
    planted = Customer.objects.filter(public_id__in=[*full, *small])
    planted.update(kept_until=timezone.localdate() + FAR)


def _make_full(token: str) -> None:
    customer = make_full_customer(token, public_id=token, closed_days_ago=400)
    for proof in IdentityProof.objects.filter(identity_check__customer=customer):
        store_sealed(str(proof.file), b"passport", key=file_key(customer))


def make_due(numbers: Iterable[int]) -> None:
    """Let today be the last day of these customers: tomorrow's purge may take them."""
    ids = [public_id_of(number) for number in numbers]
    closed = Customer.objects.filter(public_id__in=ids, kept_until__isnull=False)
    closed.update(kept_until=timezone.localdate())


@transaction.atomic
def plant_neighbours(numbers: Iterable[int]) -> None:
    """Make customers whose account is open."""
    _make_small([*map(public_id_of, numbers)])


def _make_small(tokens: Collection[str], **kwargs: Any) -> None:
    """Make customers with a case, a file, a session and what they were told."""
    customers = [_make_with_case(token, **kwargs) for token in tokens]
    text = PolicyText.objects.first()
    PolicyEvent.objects.bulk_create(
        PolicyEvent(customer=each, kind="shown", text=text, channel="web") for each in customers
    )
    expires = timezone.now() + FAR
    Session.objects.bulk_create(
        Session(session_key=token, session_data="x", expire_date=expires) for token in tokens
    )
    UserSession.objects.bulk_create(
        UserSession(user=each.user, ip="10.0.0.1", user_agent=token, session_key=token)
        for each, token in zip(customers, tokens, strict=True)
    )
    queue_notices("details_changed", [(token, f"changed-{token}", {}) for token in tokens])


def _make_with_case(token: str, **kwargs: Any) -> Customer:
    customer = make_customer(
        public_id=token, full_name=f"Ưng {token}", email=f"{token}@example.com", **kwargs
    )
    ended_at = customer.closed_at or timezone.now()
    complaint = make_complaint(
        customer=customer,
        text=f"{token} không đồng ý.",
        state="withdrawn",
        received_at=ended_at - timedelta(days=9),
        closed_at=ended_at,
    )
    make_evidence(complaint, name=f"{token}.pdf", content=evidence_of(token))
    return customer


def evidence_of(token: str) -> bytes:
    return f"%PDF-1.4 {token}".encode()


class Answer(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    GONE = "gone"
    UNKNOWN = "unknown"


class Deed(NamedTuple):
    """What somebody did to a customer, and what they were answered."""

    kind: str
    customer: str
    answer: Answer


class Desk:
    """Staff and customers, who do what there is in ACTIONS."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.officer, self.dpo = make_staff(COMPLAINT_OFFICER), make_staff(DPO)
        self.second_dpo = make_staff(DPO)
        self.deeds: list[Deed] = []

    def act(self, kind: str, numbers: Iterable[int]) -> Deed:
        """Do it to one of these customers, or to one whom an earlier deed prepared for it."""
        prepared = self._prepared_for(kind) if self.random.random() < HALF else []
        public_id = self.random.choice(prepared or [*map(public_id_of, numbers)])
        deed = Deed(kind, public_id, self._answer(kind, public_id))
        self.deeds.append(deed)
        return deed

    def _prepared_for(self, kind: str) -> list[str]:
        prepared = [d.customer for d in self.deeds if d[::2] == (FOLLOWS.get(kind), Answer.DONE)]
        had = {d.customer for d in self.deeds if d[::2] == (kind, Answer.DONE)}
        return [each for each in prepared if each not in had]

    def _answer(self, kind: str, public_id: str) -> Answer:
        try:
            ACTIONS[kind](self, Customer.objects.get(public_id=public_id))
        except PortalError:
            return Answer.REFUSED
        except (Customer.DoesNotExist, IntegrityError):
            return Answer.GONE
        except Error:  # nobody knows whether it was done
            return Answer.UNKNOWN
        return Answer.DONE


def _hold(desk: Desk, customer: Customer) -> None:
    place_hold(customer.public_id, authority="Tòa án", document="1", reason="vụ án", by=desk.dpo)


def _hold_case(desk: Desk, customer: Customer) -> None:
    """Of who has but one: what is held about others' cases may go."""
    first, *more = Case.objects.filter(customer=customer)
    if more:
        raise PortalError("too many")
    demand = {"authority": "Tòa án", "document": "2", "reason": "vụ án"}
    place_hold(customer.public_id, **demand, by=desk.dpo, case=first.reference)


def _release(desk: Desk, customer: Customer) -> None:
    """As if it had been done long ago: a hold that is released keeps for a while."""
    holds = LegalHold.objects.in_force().filter(customer=customer)
    if not (released := list(holds)):
        raise PortalError("not held")
    for hold in released:
        release_hold(hold, reason="xong", by=desk.second_dpo)
    long_ago = timezone.now() - 2 * KEEPS_AFTER_RELEASE
    LegalHold.objects.filter(pk__in=[hold.pk for hold in released]).update(released_at=long_ago)


def _reopen(desk: Desk, customer: Customer) -> None:
    reopen_for_customer(
        customer, reason="x", by=desk.officer, channel="counter", kind="identity_document"
    )


def _complain(desk: Desk, customer: Customer) -> None:
    """By the customer whose account is open, or else as a case that came about by itself."""
    if not customer.is_open:
        with transaction.atomic():
            make_complaint(customer=customer)
        return
    content = evidence_of(customer.public_id)
    file = CheckedFile("thư.pdf", "application/pdf", content, "1" * 64)
    file_complaint(
        customer,
        category="other",
        text="x",
        evidence=[file],
        submission=f"{next(_number):032}",
        by=customer.user,
    )


def _sign_in(desk: Desk, customer: Customer) -> None:
    cache.clear()  # who tries this often would have to wait
    browser = PortalClient()
    credentials = {"login": customer.email, "password": PASSWORD}
    browser.post(reverse("account_login"), credentials)
    if "_auth_user_id" not in browser.session:
        raise PortalError("not let in")


def _erase_address(desk: Desk, customer: Customer) -> None:
    erase_detail(customer, "address", by=customer.user)


Action = Callable[[Desk, Customer], None]

ACTIONS: dict[str, Action] = {
    "hold": _hold,
    "hold case": _hold_case,
    "release": _release,
    "reopen": _reopen,
    "complain": _complain,
    "sign in": _sign_in,
    "erase address": _erase_address,
}
FOLLOWS = {"release": "hold", "sign in": "reopen", "erase address": "reopen"}
A_DAY = (
    *("hold", "reopen", "complain", "hold case"),
    *("release", "sign in", "hold", "reopen", "erase address"),
)
"""What people do, over and over."""
