"""A complaint from the form to what its customer says to the answer, in a real browser."""

import pytest
from playwright.sync_api import expect

from access.models import AccessAction
from access.purposes import COMPLAINT_HANDLING
from access.services import record_access
from accounts.acceptance import accept_policy
from casework.services import write_to_customer
from complaints.models import Complaint, ComplaintState
from policies.models import PolicyVersion
from privacyportal.roles import COMPLAINT_OFFICER
from tests.browser.visitors import in_language
from tests.complaints.test_open_intake import TYPED, newest_link
from tests.factories import PASSWORD, answer, decide, make_customer, make_staff


@pytest.mark.parametrize(("language", "colours"), [("vi", "light"), ("en", "dark")])
def test_somebody_without_an_account_complains_and_agrees(visitor, site, language, colours):
    page, look, say = visitor.page, visitor.look, in_language(language)
    page.emulate_media(color_scheme=colours)
    visitor.speak(language)
    page.goto(site)
    page.get_by_role("link", name=say("Complain without an account")).click()
    look()
    page.get_by_role("button", name=say("Send the complaint")).click()
    expect(page.locator(".error-summary")).to_be_focused()

    page.check(f"input[value={TYPED['category']}]")
    for name in ("text", "name", "email"):
        page.fill(f"#id_{name}", TYPED[name])
    page.get_by_role("button", name=say("Send the complaint")).click()
    look()
    page.goto(f"{site}{newest_link()}")
    look()
    page.get_by_role("button", name=say("Confirm")).click()
    complaint = Complaint.objects.get()
    expect(page.locator("h1")).to_contain_text(complaint.reference)
    officer = make_staff(COMPLAINT_OFFICER)
    write_to_customer(complaint, text="Số nào đã gửi?", by=officer, is_question=True)
    page.reload()
    look()
    page.fill("#id_text", "0901 234 567")
    page.locator("#write").get_by_role("button", name=say("Send")).click()
    expect(page.locator(".timeline")).to_contain_text("0901 234 567")

    answer(decide(complaint, by=officer), by=officer, reveals_nothing=True)
    page.reload()
    look()
    page.get_by_role("button", name=say("I agree")).click()
    expect(page.locator(".letter")).to_be_visible()
    complaint.refresh_from_db()
    assert complaint.agreed_at is not None
    page.get_by_role("link", name=say("To print")).click()
    look()


def test_a_customer_questions_an_access_and_disagrees_by_keyboard(visitor, site):
    customer = make_customer(is_verified=True)
    accept_policy(customer, PolicyVersion.objects.current().text_in("vi"))
    record_access(
        by=make_staff(COMPLAINT_OFFICER),
        action=AccessAction.REVEAL,
        customer=customer.public_id,
        purpose=COMPLAINT_HANDLING,
        field_groups=["contact"],
    )
    page, say = visitor.page, in_language("en")
    visitor.speak("en")
    page.goto(f"{site}/account/login/")
    page.fill("#id_login", customer.email)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(customer.full_name)
    page.goto(f"{site}/me/accesses/")
    visitor.look()
    page.locator("a[href*='?access=']").press("Enter")
    visitor.look()
    page.locator("#id_text").fill("Ai đã xem?")
    page.get_by_role("button", name=say("Send the complaint")).press("Enter")
    complaint = Complaint.objects.get()
    expect(page.locator("h1")).to_contain_text(complaint.reference)
    officer = make_staff(COMPLAINT_OFFICER)
    answer(decide(complaint, by=officer), by=officer)
    page.reload()
    page.locator("summary", has_text=say("I disagree")).press("Enter")
    page.locator("#id_disagree-reason").press_sequentially("Chưa rõ")
    page.get_by_role("button", name=say("Look at it again")).press("Enter")
    expect(page.locator("h1")).to_contain_text(complaint.reference)
    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.VERIFYING
    visitor.look()
