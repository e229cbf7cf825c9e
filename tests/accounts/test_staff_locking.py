"""A sign-in of staff that fails again and again is locked, and everybody concerned learns it."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.staff_locking import CODE, HOUR, PASSWORD, TRIES, note_failure
from notices.models import Notice
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER, DPO
from tests.clients import PortalClient, set_up_app
from tests.factories import PASSWORD as RIGHT
from tests.factories import make_staff, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def is_locked(user):
    return User.objects.get(pk=user.pk).locked_at is not None


def told(template):
    return sorted(Notice.objects.filter(template=template).values_list("recipient", flat=True))


def test_it_is_locked_with_the_last_code_and_all_are_told_once(client, officer):
    yesterday = timezone.localdate() - timedelta(days=1)
    make_staff(DPO, engaged_until=yesterday)
    readers = [make_staff(DPO, locked_at=timezone.now()), make_staff(ADMINISTRATOR), officer]
    client.force_login(officer)
    assert client.get("/admin/").status_code == 200

    for _ in range(TRIES[CODE] - 1):
        note_failure(officer, CODE)
    assert not is_locked(officer)
    for _ in range(3):
        note_failure(officer, CODE)

    assert is_locked(officer)
    assert client.get("/admin/").status_code == 302
    assert told("staff_locked") == sorted(each.public_id for each in readers)


def test_wrong_passwords_keep_out_for_an_hour_and_end_nothing_that_is_open(client, officer, rf):
    readers, customer = [make_staff(DPO), make_staff(ADMINISTRATOR), officer], make_user()
    client.force_login(officer)

    def comes_in(user, password=RIGHT):
        return authenticate(rf.post("/"), email=user.email.upper(), password=password) == user

    with time_machine.travel("2026-11-29 09:00+07:00", tick=False) as clock:
        for _ in range(TRIES[PASSWORD] + 2):
            assert not comes_in(officer, "wrong")
            comes_in(customer, "wrong")
        assert (comes_in(officer), comes_in(customer)) == (False, True)
        clock.shift(HOUR)
        assert comes_in(officer)

    assert not is_locked(officer)
    assert client.get("/admin/").status_code == 200
    assert told("staff_passwords_tried") == sorted(each.public_id for each in readers)


def test_wrong_codes_after_the_right_password_are_counted(client, officer):
    set_up_app(officer)
    client.force_login(officer, passed=False)
    for _ in range(TRIES[CODE]):
        client.post(reverse("mfa_reauthenticate"), {"code": "000000"})

    assert is_locked(officer)


@pytest.mark.parametrize("is_superuser", [False, True])
def test_an_administrator_unlocks_it_and_the_old_password_is_worth_nothing(client, is_superuser):
    officer = make_staff(COMPLAINT_OFFICER, is_superuser=is_superuser)
    for _ in range(TRIES[CODE]):
        note_failure(officer, CODE)
    step = reverse("admin:accounts_user_unlock", args=[officer.pk])
    client.force_login(make_staff(DPO))
    assert client.post(step).status_code == 403
    assert is_locked(officer)

    desk = PortalClient()
    desk.force_login(make_staff(ADMINISTRATOR))
    desk.post(step)

    assert not is_locked(officer)
    assert not User.objects.get(pk=officer.pk).check_password(RIGHT)
    assert Notice.objects.filter(template="sign_in", address=officer.email).exists()
    assert desk.post(step).status_code == 403  # it is open
