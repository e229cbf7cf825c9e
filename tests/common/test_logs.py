import io
import logging

import pytest
from celery import shared_task
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from common.logs import AddRequestId, HideTaskErrors, PlacesOnly
from tests.factories import make_user

CANARY = "zqwrtplkjhgf"


@pytest.fixture
def log():
    """What the portal's own handler would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlacesOnly(settings.LOGGING["formatters"]["line"]["format"]))
    handler.addFilter(AddRequestId())
    handler.addFilter(HideTaskErrors())
    logging.getLogger().addHandler(handler)
    yield written.getvalue
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_what_postgresql_says_of_a_row_is_not_logged(log):
    make_user(email=f"{CANARY}@example.com")
    with pytest.raises(IntegrityError, match=CANARY) as caught, transaction.atomic():
        User.objects.create(email=f"{CANARY}@example.com")
    logging.getLogger("django.request").error("Internal Server Error", exc_info=caught.value)

    assert "IntegrityError" in log()
    assert "UniqueViolation" in log()
    assert "test_logs.py" in log()
    assert CANARY not in log()


def test_a_failed_task_is_logged_by_its_kind(log):
    @shared_task(name="tests.broken_task")
    def broken():
        raise ValueError(CANARY)

    broken.apply()

    assert "tests.broken_task" in log()
    assert "ValueError" in log()
    assert CANARY not in log()


def test_a_refused_host_gets_the_same_headers(client):
    response = Client().get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
