"""A company that offers a newsletter, and what its mails say."""

import re

import pytest
from django.core import mail

from accounts.consents import decide_consent
from accounts.models import ConsentDecision
from marketing.models import NewsletterIssue
from notices.services import send_due_notices
from policies.models import Purpose

LINK = re.compile(r"http\S+/(?:unsubscribe|newsletter/confirm)/\S+")


@pytest.fixture
def purpose(db):
    return Purpose.objects.get(code="newsletter")


def decide(customer, decision, code="newsletter"):
    purpose = Purpose.objects.get(code=code)
    decide_consent(customer, purpose, decision=ConsentDecision(decision), by=customer.user)


def make_issue(**kwargs):
    kwargs.setdefault("purpose", Purpose.objects.get(code="newsletter"))
    kwargs.setdefault("subject_vi", "Tin tháng 12")
    kwargs.setdefault("subject_en", "December news")
    kwargs.setdefault("body_vi", "Có **dịch vụ** mới.")
    kwargs.setdefault("body_en", "A new **service** is here.")
    return NewsletterIssue.objects.create(**kwargs)


def delivered():
    """Send what waits; return the mails since the test began."""
    send_due_notices()
    return mail.outbox


def link_in(message):
    return LINK.search(message.body).group()
