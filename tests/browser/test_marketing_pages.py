"""Subscribing, ending it, and choosing about cookies, in a real browser."""

import pytest
from playwright.sync_api import expect

from accounts.acceptance import accept_policy
from marketing import issues
from policies.models import PolicyVersion
from privacyportal.roles import DPO
from tests.browser.visitors import in_language
from tests.factories import make_customer, make_staff
from tests.marketing.conftest import decide, delivered, link_in, make_issue


@pytest.mark.parametrize(("language", "colours"), [("vi", "dark"), ("en", "light")])
def test_a_visitor_subscribes_and_ends_it(visitor, site, language, colours):
    page, look, say = visitor.page, visitor.look, in_language(language)
    page.emulate_media(color_scheme=colours)
    visitor.speak(language)
    page.goto(site)
    page.get_by_role("link", name=say("Newsletter")).click()
    look()
    page.get_by_role("button", name=say("Subscribe")).click()
    expect(page.locator(".error-summary")).to_be_focused()
    look()

    page.fill("#id_email", "mai@example.com")
    page.check("#id_agrees")
    page.get_by_role("button", name=say("Subscribe")).click()
    expect(page.locator("h1")).to_have_text(say("Check your mail"))
    look()
    page.goto(link_in(delivered()[-1]))
    look()
    page.get_by_role("button", name=say("Yes, send me the newsletter")).click()
    expect(page.locator("h1")).to_have_text(say("You get the newsletter"))
    look()

    issues.send_issue(make_issue(), by=make_staff(DPO))
    issues.write_mails()
    page.goto(link_in(delivered()[-1]))
    look()
    page.get_by_role("button", name=say("End these mails")).click()
    expect(page.locator("h1")).to_have_text(say("These mails have ended"))
    look()
    assert {cookie["name"] for cookie in page.context.cookies()} == {"django_language"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_visitor_chooses_by_keyboard_and_gets_one_cookie(visitor, site, language):
    page, look, say = visitor.page, visitor.look, in_language(language)
    visitor.speak(language)
    page.goto(f"{site}/preferences/")
    look()

    page.focus("#id_statistics")
    page.keyboard.press("Space")
    page.focus("#id_ads_1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    look()
    page.check("#id_ads_2")
    page.get_by_role("button", name=say("Keep my choices")).click()
    expect(page.get_by_role("status")).to_contain_text(
        say("Your choices are kept. You can change them here at any time.")
    )
    look()

    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    assert cookies == {"django_language": language, "preferences": "1.1.0.0.none"}
    assert page.is_checked("#id_statistics")


def test_a_customer_refuses_all_marketing_in_one_click(visitor, site, client):
    customer = make_customer(is_verified=True, language="en")
    accept_policy(customer, PolicyVersion.objects.current().text_in("en"))
    decide(customer, "given")
    page, look = visitor.page, visitor.look
    client.force_login(customer.user)
    visitor.enter(client)
    visitor.speak("en")
    page.goto(f"{site}/me/consents/")

    page.get_by_role("button", name="Refuse all marketing").click()

    expect(page.get_by_role("status")).to_contain_text("Newsletter by e-mail")
    assert page.get_by_role("button", name="Withdraw").count() == 0
    look()
