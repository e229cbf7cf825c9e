"""The board of promises and the public page, in a real browser."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from policies.loading import load_profile
from policies.models import Promise, PromiseResult
from policies.promises import record_results
from privacyportal.roles import DPO
from tests.factories import make_complaint, make_customer, make_staff


@pytest.fixture
def past(portal):
    """Promises of SpeedSMS with 90 days behind them, and a complaint that is late."""
    load_profile("speedsms")
    make_customer()
    make_complaint(received_at=timezone.now() - timedelta(days=60))
    record_results()
    yesterday = timezone.localdate() - timedelta(days=1)
    now = timezone.now()
    PromiseResult.objects.bulk_create(
        PromiseResult(
            promise=promise,
            control=promise.control,
            day=yesterday - timedelta(days=ago),
            status="broken" if ago % 41 == 3 else "at_risk" if ago % 17 == 2 else "kept",
            figure=3,
            unit="complaints",
            measured_at=now,
        )
        for promise in Promise.objects.active()
        if promise.control.startswith(("complaint", "purpose"))
        for ago in range(70)
    )


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_public_page_and_the_board_serve_everybody(language, visitor, site, past, client):
    visitor.speak(language)
    visitor.page.goto(site + reverse("promises"))
    visitor.look()

    client.force_login(make_staff(DPO, language=language))
    visitor.enter(client)
    promise = Promise.objects.get(code="SP-12")
    for name, args in (("changelist", []), ("change", [promise.pk])):
        visitor.page.goto(site + reverse(f"admin:policies_promise_{name}", args=args))
        assert visitor.find_faults_at_desk() == [], name
