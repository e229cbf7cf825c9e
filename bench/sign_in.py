"""Whether time tells a known address from an unknown one: at sign-in, sign-up and reset.

Both kinds take turns. The figure that counts is the p of a permutation test: how often chance
alone parts the two medians as far as they are. Small means that time tells.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from random import Random
from statistics import median
from time import perf_counter

from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Customer, User
from bench.registry import Row
from bench.servers import plain_static

SAMPLES, QUICK_SAMPLES = 40, 3  # of each kind
PERMUTATIONS = 10_000
MILLISECONDS = 1000
KNOWN, PASSWORD = "known@example.com", "correct horse battery"
SHOWN = re.compile(r'name="shown" value="([0-9a-f]+)"')

Door = tuple[str, Callable[[Client], Mapping[str, str]]]
"""The name of a page with a form, and what is sent beside the address."""


def measure(quick: bool) -> Iterator[Row]:
    samples = QUICK_SAMPLES if quick else SAMPLES
    user = User.objects.create_user(email=KNOWN, password=PASSWORD)
    Customer.objects.create(user=user, full_name="Ưng", email=KNOWN)
    EmailAddress.objects.create(user=user, email=KNOWN, verified=True, primary=True)
    doors: dict[str, Door] = {
        "sign-in": ("account_login", lambda client: {"password": "wrong"}),
        "sign-up": ("account_signup", _details),
        "reset": ("account_reset_password", lambda client: {}),
    }
    with plain_static():
        for name, door in doors.items():
            known, unknown = _sampled(door, samples)
            yield Row(f"{name}, known address, ms", median(known) * MILLISECONDS)
            yield Row(f"{name}, unknown address, ms", median(unknown) * MILLISECONDS)
            yield Row(f"{name}, p of the difference", _p(known, unknown), "above 0.01")


def _sampled(door: Door, samples: int) -> tuple[list[float], list[float]]:
    """Return the seconds for a known address and for new ones, measured in turns."""
    number = count()
    _seconds(door, KNOWN)  # what is only made once: templates, connections
    pairs = [
        (_seconds(door, KNOWN), _seconds(door, f"{door[0]}{next(number)}@example.com"))
        for _sample in range(samples)
    ]
    known, unknown = zip(*pairs, strict=True)
    return list(known), list(unknown)


def _seconds(door: Door, email: str) -> float:
    """Send the form as somebody new does, with no limit counted before."""
    name, details = door
    cache.clear()
    client = Client(headers={"host": "localhost"})
    data = {"login": email, "email": email, **details(client)}
    start = perf_counter()
    answer = client.post(reverse(name), data)
    seconds = perf_counter() - start
    expected = 200 if name == "account_login" else 302
    if answer.status_code != expected:
        raise RuntimeError(f"{name} answered {answer.status_code}: the figures mean nothing.")
    return seconds


def _details(client: Client) -> Mapping[str, str]:
    page = client.get(reverse("account_signup")).content.decode()
    shown = SHOWN.search(page)
    return {
        "full_name": "Trần Thị Mai",
        "phone": "0912 345 678",
        "password1": PASSWORD,
        "accept_policy": "on",
        "shown": shown.group(1) if shown else "",
    }


def _p(one: list[float], other: list[float]) -> float:
    """Return the share of random partings whose medians lie as far apart as these, or farther."""
    seen = abs(median(one) - median(other))
    both, half = [*one, *other], len(one)
    random = Random(1)  # noqa: S311 -- no secret

    def distance() -> float:
        random.shuffle(both)
        return abs(median(both[:half]) - median(both[half:]))

    as_far = sum(distance() >= seen for _permutation in range(PERMUTATIONS))
    return (as_far + 1) / (PERMUTATIONS + 1)
