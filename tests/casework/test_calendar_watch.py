from datetime import date

import pytest
from django.core import mail

from casework.calendar_watch import remind_of_calendar
from notices.models import Notice
from notices.services import send_due_notices
from policies.models import CalendarRange
from privacyportal.roles import AUDITOR, DPO
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ends_this_year(db):
    CalendarRange.objects.update(covers_to=date(2026, 12, 31))


def reminded():
    return list(Notice.objects.filter(template="calendar_ends").values_list("recipient", flat=True))


def test_each_active_officer_is_told_once_a_week(ends_this_year):
    officer = make_staff(DPO)
    make_staff(DPO, is_active=False)
    make_staff(AUDITOR)

    for day in (9, 10, 15):  # Monday to Sunday of one week
        remind_of_calendar(date(2026, 11, day))
    assert reminded() == [officer.public_id]

    remind_of_calendar(date(2026, 11, 16))
    assert reminded() == [officer.public_id] * 2


@pytest.mark.parametrize(
    ("today", "ends", "told"),
    [
        (date(2026, 10, 31), date(2026, 12, 31), 0),
        (date(2026, 11, 1), date(2026, 12, 31), 1),
        (date(2026, 11, 1), date(2027, 12, 30), 1),
        (date(2026, 11, 1), date(2027, 12, 31), 0),
        (date(2027, 1, 4), date(2026, 12, 31), 1),
    ],
)
def test_from_november_on_until_the_next_year_is_complete(today, ends, told):
    make_staff(DPO)
    CalendarRange.objects.update(covers_to=ends)

    remind_of_calendar(today)

    assert len(reminded()) == told


def test_the_mail_leads_to_the_year(ends_this_year):
    officer = make_staff(DPO, language="en")
    remind_of_calendar(date(2026, 11, 30))

    send_due_notices()

    (message,) = mail.outbox
    assert message.to == [officer.email]
    assert "31 Dec 2026" in message.body
    assert "/admin/policies/officialday/?year=2027" in message.body
