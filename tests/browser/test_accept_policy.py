"""From the sign-in to the acceptance of a new policy version, in a real browser."""

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.acceptance import accept_policy
from accounts.consents import decide_consent
from policies.models import PolicyVersion, Purpose
from tests.factories import PASSWORD, make_customer, make_policy_version


@pytest.fixture
def customer(portal):
    """Accepted version 1, consented to one purpose; version 2 is to come."""
    customer = make_customer()
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    one = PolicyVersion.objects.get()
    accept_policy(customer, one.text_in("vi"))
    decide_consent(
        customer, Purpose.objects.asking_consent()[0], decision="given", by=customer.user
    )
    texts = {text.language: f"{text.body}\n\n## 99\n\nMới / new." for text in one.texts.all()}
    make_policy_version("2", effective_in_days=9, texts=texts)
    return customer


@pytest.mark.parametrize(("language", "colours"), [("vi", "dark"), ("en", "light")])
def test_a_customer_is_asked_once_waits_and_accepts_later(
    visitor, site, customer, language, colours
):
    page = visitor.page
    visitor.speak(language)
    page.emulate_media(color_scheme=colours)
    ask, overview = site + reverse("accept_policy"), site + reverse("overview")
    page.goto(site + reverse("account_login"))
    page.fill("#id_login", customer.email)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(f"{ask}?next=*")
    visitor.look(widely=True)
    page.locator("main form a").click()
    page.wait_for_url(overview)
    visitor.look(widely=True)

    page.locator(f"main a[href='{reverse('accept_policy')}']").click()
    page.wait_for_url(ask)
    page.locator("main form button").click()
    page.wait_for_url(overview)
    expect(page.get_by_role("status")).to_contain_text("2")
    expect(page.locator(f"main a[href='{reverse('accept_policy')}']")).to_have_count(0)

    page.goto(f"{ask}?day={timezone.localdate().isoformat()}")
    expect(page.locator("main [role=status] dd a")).to_have_attribute("href", "/policy/1/")
    visitor.look(widely=True)
