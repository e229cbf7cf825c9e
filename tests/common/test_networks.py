import pytest
from django.test import RequestFactory

from common.networks import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_is_cut_to_its_network(address, network):
    assert network_of(RequestFactory().get("/", REMOTE_ADDR=address)) == network


def test_behind_a_proxy_the_visitor_is_whom_the_proxy_names(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    headers = {"x-forwarded-for": "192.0.2.1, 198.51.100.9"}

    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="127.0.0.1")

    assert network_of(request) == "198.51.100.0/24"
