"""A date that somebody types is said in words before anything is sent."""

from playwright.sync_api import expect

from accounts.acceptance import accept_policy
from policies.loading import load_profile
from policies.models import PolicyVersion
from tests.factories import make_customer


def test_form_20_a_date_is_said_in_words(visitor, site, client):
    load_profile("vietnam_server")
    customer = make_customer(is_verified=True)
    accept_policy(customer, PolicyVersion.objects.current().text_in("vi"))
    client.force_login(customer.user)
    visitor.enter(client)
    page = visitor.page

    for language, words in (("vi", "1 tháng 2"), ("en", "February 1")):
        visitor.speak(language)
        page.goto(f"{site}/me/hosting/new/")

        page.fill("#id_started_on", "2026-02-01")

        said = page.locator("#id_started_on + output")
        expect(said).to_contain_text(words)
        expect(said).to_contain_text("2026")
        visitor.look()
        page.fill("#id_started_on", "")
        expect(said).to_have_text("")
