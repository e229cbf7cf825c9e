"""What a stolen session of staff must not do asks again who is there."""

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from privacyportal.roles import ADMINISTRATOR, AUDITOR, DPO
from tests.clients import PortalClient
from tests.factories import PASSWORD, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db

AGAIN = reverse("account_reauthenticate")


@pytest.fixture
def client():
    """A browser of staff, checking the token of each form, as browsers meet it."""
    return PortalClient(enforce_csrf_checks=True)


def later(minutes):
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes))


def send(client, address, data=None):
    """Fill in the form of a page and send it."""
    client.get(address)
    token = client.cookies["csrftoken"].value
    return client.post(address, {**(data or {}), "csrfmiddlewaretoken": token})


def test_a_hold_is_released_once_it_is_clear_who_does_it(client):
    hold = make_hold(make_customer())
    page = reverse("admin:retention_legalhold_release", args=[hold.pk])
    client.force_login(make_staff(DPO))

    with later(6):
        asked = send(client, page, {"reason": "xong"})

        assert asked.url.startswith(AGAIN)
        hold.refresh_from_db()
        assert hold.released_at is None
        send(client, asked.url, {"password": PASSWORD})
    hold.refresh_from_db()
    assert hold.released_at is not None


def test_roles_are_given_once_it_is_clear_who_does_it(client):
    member = make_staff(AUDITOR)
    client.force_login(make_staff(ADMINISTRATOR))
    data = {
        "staff_name": "An",
        "language": "vi",
        "groups": [Group.objects.get(name=DPO).pk],
        "engagement": member.engagement,
        "is_active": "on",
    }
    page = reverse("admin:accounts_user_change", args=[member.pk])

    with later(6):
        asked = send(client, page, data)

        assert asked.url.startswith(AGAIN)
        assert list(member.groups.values_list("name", flat=True)) == [AUDITOR]
        send(client, asked.url, {"password": PASSWORD})
    assert list(User.objects.get(pk=member.pk).groups.values_list("name", flat=True)) == [DPO]
    assert EmailAddress.objects.filter(user=member).count() <= 1


def test_a_list_is_handed_out_once_it_is_clear_who_takes_it(client):
    client.force_login(make_staff(DPO))
    address = reverse("admin:complaints_complaint_export", args=["csv"])

    with later(6):
        asked = client.get(address)

        assert asked.url.startswith(AGAIN)
        assert send(client, asked.url, {"password": PASSWORD}).url == address
        assert client.get(address)["Content-Type"].startswith("text/csv")


def test_what_is_refused_after_that_can_be_sent_again(client):
    dpo = make_staff(DPO)
    hold = make_hold(make_customer(), placed_by=dpo)
    page = reverse("admin:retention_legalhold_release", args=[hold.pk])
    client.force_login(dpo)

    with later(6):
        refused = send(client, send(client, page, {"reason": "xong"}).url, {"password": PASSWORD})

    assert f'action="{page}"' in refused.text
