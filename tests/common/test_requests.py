"""What every request gets, at the door of the whole portal."""

import pytest

from privacyportal.roles import DPO
from tests.factories import make_complaint, make_staff


@pytest.mark.parametrize(
    "address",
    [
        "/%00",
        "/policy/%00/",
        "/policy/?number=%00",
        "/admin/complaints/complaint/?state=%00",
        "/admin/complaints/complaint/?state__in=a%00,b",
        "/admin/policies/purpose/?legal_basis__exact=%00",
        "/admin/notices/notice/?state__exact=%00",
        "/admin/complaints/complaint/a%00/history/",
        "/admin/accounts/customer/{customer}/change/?case=%00",
    ],
)
def test_nul_in_an_address_is_a_bad_request(address, client, db):
    client.force_login(make_staff(DPO))

    response = client.get(address.format(customer=make_complaint().customer.pk))

    assert response.status_code == 400
    assert "Bad request" in response.text
    assert "default-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["sessionid", "django_language", "csrftoken"])
def test_nul_in_a_cookie_is_a_bad_request(name, client, db):
    response = client.get("/", headers={"cookie": f'{name}="{"a" * 32}\\000"'})

    assert response.status_code == 400


def test_a_percent_sign_in_an_address_is_no_nul(client, db):
    assert client.get("/?q=%2500").status_code == 200
