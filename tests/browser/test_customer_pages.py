"""A customer's whole way through the portal, in each language, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.acceptance import accept_policy
from accounts.assistance import change_for_customer
from accounts.models import Customer
from policies.models import PolicyVersion
from privacyportal.roles import COMPLAINT_OFFICER
from tests.browser.visitors import Visitor, in_language, newest_mail
from tests.factories import PASSWORD, make_customer, make_staff


@pytest.mark.parametrize(("language", "colours"), [("vi", "light"), ("en", "dark")])
def test_a_customer_goes_from_sign_up_to_closing(visitor, site, tmp_path, language, colours):
    page, look, say = visitor.page, visitor.look, in_language(language)
    page.emulate_media(color_scheme=colours)
    page.goto(site)
    page.locator(f"button[value={language}]").click()
    expect(page.locator("html")).to_have_attribute("lang", language)
    look()

    sign_up(visitor, say)
    page.fill("#id_code", re.search(r"^[A-Z0-9-]{6,}$", newest_mail().body, re.M).group())
    page.get_by_role("button", name=say("Confirm"), exact=True).click()
    expect(page.locator("h1")).to_contain_text("Nguyễn Văn Ưng")
    look()

    for name in ("My data", "Who saw my data", "Sign-in and security", "Privacy policy"):
        open_from_menu(page, say(name))
        look()
    correct_details(visitor, say)
    withdraw_consent(visitor, say)
    make_complaint(visitor, say, tmp_path)
    check_receipt(visitor, say, tmp_path)
    close_account(visitor, say)

    closed = newest_mail()
    assert closed.subject == say("Your account is closed")
    assert "Nguyễn Văn Ưng" in closed.body
    assert page.url in closed.body
    change_mind(visitor, say)
    assert [message.subject for message in mail.outbox[:2]] == [
        say("Your code"),
        say("Your details were changed"),
    ]


def open_from_menu(page: Page, name: str) -> None:
    page.locator(".menu-wide").get_by_role("link", name=name, exact=True).click()
    expect(page.locator(".menu-wide [aria-current=page]")).to_have_text(name)


def sign_up(visitor: Visitor, say: Callable[[str], str]) -> None:
    page = visitor.page
    page.get_by_role("link", name=say("Create an account")).click()
    visitor.look()
    page.get_by_role("button", name=say("Create the account")).click()
    expect(page.locator(".error-summary")).to_be_focused()
    visitor.look()

    page.fill("#id_full_name", "Nguyễn Văn Ưng")
    page.fill("#id_email", "ung@example.com")
    page.fill("#id_phone", "0912 345 678")
    page.fill("#id_password1", PASSWORD)
    page.get_by_text(say("Read it here")).click()
    expect(page.locator(".scroll-box")).to_be_visible()
    page.check("#id_accept_policy")
    assert page.locator(".consents input:checked").count() == 0
    page.check("#id_consent_newsletter")
    page.get_by_role("button", name=say("Create the account")).click()
    expect(page.locator("h1")).to_have_text(say("Confirm your email"))
    visitor.look()


def correct_details(visitor: Visitor, say: Callable[[str], str]) -> None:
    page = visitor.page
    open_from_menu(page, say("My data"))
    page.get_by_role("link", name=say("Correct my details")).click()
    visitor.look()
    page.fill("#id_address", "12 Lê Lợi, Huế")
    page.get_by_role("button", name=say("Save")).click()
    expect(page.get_by_role("status")).to_have_text(say("Your details are up to date."))
    expect(page.locator("main")).to_contain_text("12 Lê Lợi, Huế")
    newest_mail()


def withdraw_consent(visitor: Visitor, say: Callable[[str], str]) -> None:
    page = visitor.page
    open_from_menu(page, say("My consents"))
    visitor.look()
    given = page.get_by_role("button", name=re.compile(rf"^{say('Withdraw')}\s*:"))
    expect(given).to_have_count(1)
    given.click()
    expect(page.get_by_role("status")).to_contain_text(
        say("You have withdrawn your consent, with effect from now.")
    )
    expect(given).to_have_count(0)


def make_complaint(visitor: Visitor, say: Callable[[str], str], tmp_path) -> None:
    page, photo = visitor.page, tmp_path / "tin nhắn.png"
    Image.new("RGB", (40, 40), "red").save(photo)
    open_from_menu(page, say("Complaints"))
    visitor.look()
    page.get_by_role("link", name=say("Make a complaint")).click()
    page.get_by_role("button", name=say("Send the complaint")).click()
    expect(page.locator(".error-summary a")).to_have_count(2)
    visitor.look()

    page.locator(".error-summary a").first.click()
    page.keyboard.press("Space")
    page.fill("#id_text", "Tôi vẫn nhận quảng cáo dù đã từ chối.")
    page.set_input_files("#id_evidence", photo)
    expect(page.locator(".file-field li")).to_contain_text("tin nhắn.png")
    page.get_by_role("button", name=say("Send the complaint")).click()
    expect(page.locator("h1")).to_contain_text("KN-")
    page.get_by_text(say("How this day was counted")).first.click()
    visitor.look()
    with page.expect_download() as download:
        page.locator(".download").click()
    assert download.value.suggested_filename == "tin nhắn.png"
    assert page.locator("h1 .nowrap").inner_text() in newest_mail().subject


def check_receipt(visitor: Visitor, say: Callable[[str], str], folder: Path) -> None:
    """Download the newest receipt and check it, as anybody would."""
    page = visitor.page
    open_from_menu(page, say("My consents"))
    page.get_by_role("link", name=say("Every decision, with a signed receipt")).click()
    visitor.look()
    with page.expect_download() as download:
        page.get_by_role("link", name=say("Receipt (PDF)")).first.click()
    download.value.save_as(folder / "receipt.pdf")
    page.locator("footer").get_by_role("link", name=say("Check a document")).click()
    visitor.look()
    page.set_input_files("#id_file", folder / "receipt.pdf")
    page.get_by_role("button", name=say("Check"), exact=True).click()
    expect(page.locator(".notice-good")).to_be_visible()
    visitor.look()
    page.fill("#id_text", "eyJ")
    page.get_by_role("button", name=say("Check"), exact=True).click()
    expect(page.locator(".error-summary")).to_be_focused()
    visitor.look()


def change_mind(visitor: Visitor, say: Callable[[str], str]) -> None:
    page = visitor.page
    page.get_by_role("link", name=say("Open my account again")).click()
    visitor.look()
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name=say("Open my account again")).click()
    expect(page.locator("h1")).to_have_text(say("Sign in"))
    visitor.look()


def close_account(visitor: Visitor, say: Callable[[str], str]) -> None:
    page = visitor.page
    open_from_menu(page, say("My data"))
    page.get_by_role("link", name=say("Close my account…")).click()
    visitor.look()
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name=say("Continue")).click()
    visitor.look()
    page.check("#id_understood")
    page.get_by_role("button", name=say("Close my account"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("Your account is closed"))
    visitor.look()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_anybody_asks_a_question_and_leaves_no_trace(visitor, site, language):
    page, look, say = visitor.page, visitor.look, in_language(language)
    visitor.speak(language)
    page.goto(site)
    page.get_by_role("link", name=say("Ask us a question")).click()
    look()
    page.get_by_role("button", name=say("Send"), exact=True).click()
    expect(page.locator(".error-summary a")).to_have_count(3)
    look()

    page.fill("#id_name", "Ngô Thảo")
    page.fill("#id_email", "thao@example.com")
    page.fill("#id_message", "Các bạn giữ số của tôi bao lâu?")
    page.get_by_role("button", name=say("Send"), exact=True).click()
    expect(page.locator("h1")).to_have_text(say("Please look into your mailbox"))
    look()
    page.goto(re.search(r"http://\S+/confirm/\S+", newest_mail().body).group())
    look()
    page.get_by_role("button", name=say("Confirm"), exact=True).click()
    expect(page.locator("main")).to_contain_text("HD-")
    look()

    assert {cookie["name"] for cookie in page.context.cookies()} <= {"django_language"}


def test_pages_before_sign_in(visitor, site):
    for path in (
        "login",
        "password/reset",
        "password/reset/done",
        "password/reset/key/1-none-at-all",
        "password/reset/key/done",
        "inactive",
    ):
        visitor.page.goto(f"{site}/account/{path}/")
        visitor.look()


def test_a_customer_whom_staff_knew_takes_the_record_over(visitor, site):
    """Signs up with the recorded address, chooses what is right, reads what staff changed."""
    recorded = make_customer(full_name="Mai Trần", email="ung@example.com", user=None)
    officer = make_staff(COMPLAINT_OFFICER)
    change_for_customer(
        recorded,
        details={"address": "9 Hùng Vương, Huế"},
        reason="Chuyển nhà",
        by=officer,
        channel="phone",
        kind="call_back",
    )
    say, page = in_language("vi"), visitor.page
    visitor.speak("vi")
    page.goto(site)
    sign_up(visitor, say)
    page.fill("#id_code", re.search(r"^[A-Z0-9-]{6,}$", newest_mail().body, re.M).group())
    page.get_by_role("button", name=say("Confirm"), exact=True).click()
    page.wait_for_url("**/me/details/")
    visitor.look()
    page.locator("form.card button").click()
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name=say("Continue")).click()
    page.wait_for_url("**/me/data/")
    page.goto(page.url.replace("/data/", "/changes/"))
    visitor.look()
    expect(page.get_by_text("Chuyển nhà")).to_be_visible()
    assert Customer.objects.get().pk == recorded.pk


def test_signing_in_takes_no_mouse(visitor, site):
    customer = make_customer()
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    accept_policy(customer, PolicyVersion.objects.current().text_in("vi"))
    page = visitor.page
    page.goto(f"{site}/account/login/")

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#id_login")).to_be_focused()
    page.keyboard.type(customer.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_contain_text(customer.full_name)
