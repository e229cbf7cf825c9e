"""Setting up a second factor and signing in with it, in a real browser."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.urls import reverse
from playwright.sync_api import Page, expect

from privacyportal.roles import COMPLAINT_OFFICER
from tests.browser.visitors import in_language
from tests.clients import code_of, set_up_app
from tests.factories import PASSWORD, make_customer, make_staff


@pytest.fixture
def passkeys(page: Page):
    """Give the browser a device that holds passkeys and says yes to each question."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def with_address(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(page: Page, site: str, user) -> None:
    page.goto(f"{site}/account/login/")
    page.fill("#id_login", user.email)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


@pytest.mark.parametrize(("language", "colours"), [("vi", "dark"), ("en", "light")])
def test_a_member_of_staff_sets_up_an_app_and_signs_in_with_it(visitor, site, language, colours):
    page, look, say = visitor.page, visitor.look, in_language(language)
    page.emulate_media(color_scheme=colours)
    member = with_address(make_staff(COMPLAINT_OFFICER, language=language))
    visitor.speak(language)
    sign_in(page, site, member)
    expect(page.locator("h2").first).to_have_text(say("Second factor"))
    look()

    page.get_by_role("link", name=say("Set up an app")).click()
    look()
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(".qr")).to_be_visible()
    look()
    page.fill("#id_code", "000000")
    page.keyboard.press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()
    look()
    secret = page.locator(".key").inner_text()
    page.fill("#id_code", shown_by_an_app(secret))
    page.keyboard.press("Enter")
    expect(page.locator(".codes li")).to_have_count(10)
    look()
    for name in ("mfa_index", "mfa_generate_recovery_codes", "mfa_deactivate_totp"):
        page.goto(site + reverse(name))
        look()

    page.get_by_role("button", name=say("Sign out")).click()
    sign_in(page, site, member)
    expect(page.locator("h1")).to_have_text(say("Second factor"))
    look()
    app = Authenticator.objects.get(user=member, type="totp")
    page.fill("#id_code", code_of(app, steps=1))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/admin/")


def shown_by_an_app(secret: str) -> str:
    return code_of(Authenticator(type="totp", data={"secret": encrypt(secret)}))


def test_a_passkey_is_added_used_renamed_and_removed(visitor, site, passkeys):
    page, look, say = visitor.page, visitor.look, in_language("en")
    visitor.speak("en")
    customer = make_customer()
    with_address(customer.user)
    sign_in(page, site, customer.user)
    page.wait_for_url(f"{site}/me/**")
    page.goto(site + reverse("mfa_add_webauthn"))
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#add")).to_be_visible()
    look()
    page.fill("#id_name", "Điện thoại của tôi")
    page.locator("#add").click()
    expect(page.locator(".codes li")).to_have_count(10)

    page.get_by_role("button", name=say("Sign out")).click()
    sign_in(page, site, customer.user)
    expect(page.locator("h1")).to_have_text(say("Second factor"))
    page.locator("#authenticate").click()
    page.wait_for_url(f"{site}/me/**")

    page.goto(site + reverse("mfa_list_webauthn"))
    expect(page.locator("main")).to_contain_text("Điện thoại của tôi")
    look()
    page.get_by_role("link", name=say("Rename")).click()
    page.get_by_role("link", name=say("Use a security key")).click()
    look()
    page.locator("#authenticate").click()
    page.fill("#id_name", "Máy tính")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Máy tính")
    page.get_by_role("link", name=say("Remove…")).click()
    look()
    page.get_by_role("button", name=say("Remove"), exact=True).click()
    expect(page.locator("main")).to_contain_text(say("None is set up."))
    assert not Authenticator.objects.exists()


def test_a_passkey_that_fails_is_told_and_the_code_still_counts(visitor, site, passkeys):
    page = visitor.page
    customer = make_customer()
    app = set_up_app(with_address(customer.user))
    sign_in(page, site, customer.user)

    expect(page.locator("#authenticate")).to_be_visible()
    expect(page.locator("#key-failed")).to_be_hidden()
    page.locator("#authenticate").click()
    expect(page.locator("#key-failed")).to_be_visible()
    page.fill("#id_code", code_of(app))
    page.keyboard.press("Enter")

    page.wait_for_url(f"{site}/me/**")
