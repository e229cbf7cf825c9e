"""A sign-in of staff that fails again and again is locked, and everybody concerned learns it."""

import pytest
from django.contrib.auth import authenticate
from django.urls import reverse

from accounts.models import User
from accounts.staff_locking import CODE, PASSWORD, TRIES, note_failure
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


@pytest.mark.parametrize("kind", [PASSWORD, CODE])
def test_it_is_locked_with_the_last_try_and_all_are_told_once(kind, client, officer):
    dpo, administrator = make_staff(DPO), make_staff(ADMINISTRATOR)
    client.force_login(officer)
    assert client.get("/admin/").status_code == 200
    most, _within = TRIES[kind]

    for _ in range(most - 1):
        note_failure(officer, kind)
    assert not is_locked(officer)
    for _ in range(3):
        note_failure(officer, kind)

    assert is_locked(officer)
    assert client.get("/admin/").status_code == 302
    told = Notice.objects.filter(template="staff_locked").values_list("recipient", flat=True)
    assert sorted(told) == sorted(each.public_id for each in (officer, dpo, administrator))


def test_wrong_passwords_of_staff_are_counted_and_of_customers_not(officer, rf):
    customer = make_user()
    for _ in range(TRIES[PASSWORD][0]):
        for user in (officer, customer):
            authenticate(rf.post("/"), email=user.email.upper(), password="wrong")

    assert is_locked(officer)
    assert not is_locked(customer)


def test_wrong_codes_after_the_right_password_are_counted(client, officer):
    set_up_app(officer)
    client.force_login(officer, passed=False)
    for _ in range(TRIES[CODE][0]):
        client.post(reverse("mfa_reauthenticate"), {"code": "000000"})

    assert is_locked(officer)


def test_an_administrator_unlocks_it_and_the_old_password_is_worth_nothing(client, officer):
    for _ in range(TRIES[CODE][0]):
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
