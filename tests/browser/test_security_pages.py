"""The pages about sign-in and security, in a real browser: narrow, wide, and without a mouse."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.urls import reverse
from playwright.sync_api import expect

from accounts.acceptance import accept_policy
from notices.services import send_due_notices
from policies.models import PolicyVersion
from tests.browser.visitors import in_language
from tests.factories import PASSWORD, make_customer

NEW = "a new and long password"


@pytest.fixture
def ung(portal):
    customer = make_customer(full_name="Nguyễn Văn Ưng", language="en")
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    accept_policy(customer, PolicyVersion.objects.current().text_in("en"))
    return customer


def sign_in(page, site, customer, password=PASSWORD):
    page.goto(f"{site}/account/login/")
    page.fill("#id_login", customer.email)
    page.fill("#id_password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/me/|/locked/"))


def test_pages_that_need_no_sign_in(visitor, site):
    for language in ("vi", "en"):
        visitor.speak(language)
        for name in ("report_use", "report_use_sent", "account_locked"):
            visitor.page.goto(site + reverse(name))
            visitor.look()


def test_pages_behind_the_sign_in(visitor, site, ung, client):
    client.force_login(ung.user)
    visitor.enter(client)
    for name in ("usersessions_list", "verify_phone", "report_own_use"):
        visitor.page.goto(site + reverse(name))
        for colours in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=colours)
            visitor.look()


def test_an_account_is_locked_and_opened_again_without_a_mouse(visitor, site, ung):
    page, look, say = visitor.page, visitor.look, in_language("en")
    visitor.speak("en")
    page.goto(site + reverse("report_use"))
    page.focus("#id_email")
    page.keyboard.type(ung.email)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(say("Check your mailbox"))

    page.goto(site + newest_link("confirm"))
    look()
    page.focus("#id_text")
    for _field in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=say("Lock my account now"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(say("This account is locked"))
    sign_in(page, site, ung)
    expect(page.locator("h1")).to_have_text(say("This account is locked"))

    page.goto(site + newest_link("unlock"))
    look()
    page.focus("#id_password1")
    page.keyboard.type(NEW)
    page.keyboard.press("Tab")
    page.keyboard.type(NEW)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/account/login/")
    look()
    sign_in(page, site, ung, NEW)
    expect(page.locator("h1")).to_contain_text(ung.full_name)


def newest_link(kind: str) -> str:
    send_due_notices()
    text = "\n".join(message.body for message in mail.outbox)
    return re.findall(rf"/unauthorised-use/{kind}/\S+", text)[-1]
