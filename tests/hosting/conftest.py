"""A company that hosts, and a customer of it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hosting.models import HostedService
from policies.loading import load_profile
from tests.factories import make_customer


@pytest.fixture
def company(db):
    load_profile("vietnam_server")


@pytest.fixture
def customer(client, company):
    customer = make_customer(opened_at=timezone.now() - timedelta(days=100))
    client.force_login(customer.user)
    return customer


def make_service(customer, **kwargs):
    kwargs.setdefault("kind", "website")
    kwargs.setdefault("label", "Trang bán hàng")
    return HostedService.objects.create(customer=customer, **kwargs)
