"""Every page of a customer who is signed in, in each language, in a real browser."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.accuracy import confirm_details
from accounts.approval_links import path_of
from accounts.approvals import answer_approval, ask_approval
from accounts.assistance import change_for_customer
from accounts.closed_pages import token_of
from accounts.closing import close_account
from accounts.emergencies import confirm_emergency
from accounts.models import AccessApproval, Customer, EmergencyAccess, KnownDevice
from hosting.models import HostedService
from policies.models import Purpose, RetentionTrigger
from privacyportal.roles import COMPLAINT_LEAD, COMPLAINT_OFFICER
from tests.browser.visitors import in_language
from tests.calls.conftest import decide, make_recording, make_rule
from tests.factories import PASSWORD, make_complaint, make_customer, make_evidence, make_staff


@pytest.fixture
def customer(client, site, portal):
    """Somebody of whom there is something on each page."""
    customer = make_customer(is_verified=True)
    confirm_details(customer)
    change_for_customer(
        customer,
        details={"address": "9 Hùng Vương, Huế"},
        reason="Chuyển nhà",
        by=make_staff(COMPLAINT_OFFICER),
        channel="phone",
        kind="call_back",
    )
    make_evidence(make_complaint(customer=customer))
    decide(customer)
    make_rule(RetentionTrigger.ON_REQUEST)
    KnownDevice.objects.create(user=customer.user, browser="Firefox", system="Linux")
    client.force_login(customer.user)
    for granted in (True, None):
        _ask_to_see(customer, granted=granted)
    return customer


def _ask_to_see(customer, *, granted):
    officer, lead = make_staff(COMPLAINT_OFFICER), make_staff(COMPLAINT_LEAD)
    purpose = Purpose.objects.active().first()
    asked = {"purpose": purpose, "groups": ["contact"], "hours": 1, "reason": "contact"}
    approval = ask_approval(customer, **asked, may_change=True, by=officer)
    if granted is not None:
        answer_approval(approval, granted=granted, through="account", by=customer.user)
    emergency = EmergencyAccess.objects.create(
        customer=customer, category="fraud", field_groups=["contact"], hours=1, asked_by=officer
    )
    confirm_emergency(emergency, by=lead)


def addresses(customer):
    recording = make_recording(customer)
    service = HostedService.objects.create(
        customer=customer, kind="vps", label="m" * 100, host="h" * 253, description="d" * 500
    )
    pages = ["confirm_details", "data", "edit_details", "staff_changes", "verify_phone"]
    approvals = AccessApproval.objects.filter(customer=customer)
    emergency = EmergencyAccess.objects.first()
    return [
        *map(reverse, [*pages, "usersessions_list", "calls", "hosting", "approvals"]),
        *(reverse("approval", args=[each.public_id]) for each in approvals),
        reverse("emergency", args=[emergency.public_id]),
        reverse("erase_call", args=[recording.public_id]),
        reverse("hosted_service", args=[service.public_id]),
        *(reverse("data_category", args=[kind]) for kind in ("account", "contact")),
        *(reverse("erase_detail", args=[name]) for name in ("address", "email")),
    ]


def test_every_page_of_an_account(visitor, client, site, customer):
    page, pages = visitor.page, addresses(customer)
    visitor.enter(client)

    for language in ("vi", "en"):
        visitor.speak(language)
        for address in pages:
            assert page.goto(site + address).status == 200
            expect(page.locator("html")).to_have_attribute("lang", language)
            visitor.look()


def test_an_account_is_opened_again_by_keyboard(visitor, site, portal):
    customer = make_customer(is_verified=True)
    close_account(customer, by=customer.user)
    page, say = visitor.page, in_language("en")
    visitor.speak("en")
    page.goto(site + reverse("closed_account", args=[token_of(customer.public_id)]))

    opening = page.get_by_role("link", name=say("Open my account again"))
    for _ in range(20):
        page.keyboard.press("Tab")
        if opening.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#id_password")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # past what every page begins with
    page.keyboard.press("Tab")
    expect(page.locator("#id_password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_have_text(say("Sign in"))
    assert Customer.objects.get().is_open


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_link_of_a_question_is_answered_without_signing_in(visitor, site, customer, language):
    page, say = visitor.page, in_language(language)
    visitor.speak(language)
    (waiting,) = AccessApproval.objects.filter(answer="")
    page.goto(site + path_of(waiting.public_id))
    visitor.look()

    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name=say("Allow it")).click()

    expect(page.get_by_role("button", name=say("End it now"))).to_be_visible()
    visitor.look()
    waiting.refresh_from_db()
    assert waiting.answer == "granted"
