"""The year view of the official calendar, in a real browser."""

import pytest
from django.urls import reverse

from policies.calendar_changes import propose_year
from privacyportal.roles import DPO
from tests.factories import make_staff


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_year_serves_everybody(language, visitor, site, client):
    dpo = make_staff(DPO, language=language)
    propose_year(2028, by=dpo)
    client.force_login(dpo)
    visitor.enter(client)
    visitor.speak(language)
    calendar = reverse("admin:policies_officialday_changelist")

    for address in (f"{calendar}?year=2026", f"{calendar}?year=2028", f"{calendar}import/"):
        visitor.page.goto(site + address)
        assert visitor.find_faults_at_desk() == [], address
