"""A date that somebody types is said in words before anything is sent."""

import pytest
from playwright.sync_api import Page, expect

from accounts.acceptance import accept_policy
from policies.loading import load_profile
from policies.models import PolicyVersion
from tests.browser.test_second_factor import sign_in
from tests.browser.visitors import DESK, Visitor
from tests.factories import make_customer


@pytest.mark.parametrize(("language", "words"), [("vi", "1 tháng 2"), ("en", "February 1")])
def test_form_20_a_date_is_said_in_words(site: str, portal: None, page: Page, language, words):
    page.set_viewport_size(DESK)
    visitor = Visitor(page)
    load_profile("vietnam_server")
    customer = make_customer(is_verified=True, language=language)
    accept_policy(customer, PolicyVersion.objects.current().text_in(language))
    sign_in(page, site, customer.user)
    page.wait_for_url("**/me/")
    page.locator(f"button[value={language}]").click()
    page.wait_for_load_state()
    page.goto(f"{site}/me/hosting/new/")

    page.fill("#id_started_on", "2026-02-01")

    said = page.locator("#id_started_on + output")
    expect(said).to_contain_text(words)
    expect(said).to_contain_text("2026")
    visitor.look()
    page.fill("#id_started_on", "")
    expect(said).to_have_text("")
