"""A customer who agreed to being recorded, and recordings."""

import io
import wave
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone

from accounts.consents import decide_consent
from accounts.models import ConsentDecision
from calls.models import CallDirection
from calls.services import Call, add_recording
from policies.models import Purpose, RetentionRule
from tests.factories import make_customer

_seed = count(1)


@pytest.fixture
def customer(client, db):
    customer = make_customer()
    decide(customer)
    client.force_login(customer.user)
    return customer


def decide(customer, decision="given"):
    purpose = Purpose.objects.get(code="call_recording")
    decide_consent(customer, purpose, decision=ConsentDecision(decision), by=customer.user)


def wav(size=200_000):
    """A recording whose bytes differ from place to place and from call to call."""
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        start = next(_seed)
        sound.writeframes(bytes((start + n * n // 7) % 251 for n in range((size - 44) // 2 * 2)))
    return out.getvalue()


def make_call(**kwargs):
    kwargs.setdefault("direction", CallDirection.IN)
    kwargs.setdefault("started_at", timezone.now())
    kwargs.setdefault("duration", timedelta(seconds=247))
    kwargs.setdefault("number", "+84912345560")
    kwargs.setdefault("purpose", Purpose.objects.get(code="call_recording"))
    return Call(**kwargs)


def make_recording(customer, content=None, *, by=None, **kwargs):
    return add_recording(customer, make_call(**kwargs), io.BytesIO(content or wav()), by=by)


def make_rule(trigger, months=0):
    return RetentionRule.objects.create(
        category="call_recording",
        trigger=trigger,
        months=months,
        action="delete",
        family="promise",
        basis="company_choice",
        source_vi="Công ty tự chọn",
        source_en="The company's choice",
        valid_from=timezone.localdate() - timedelta(days=900),
    )
