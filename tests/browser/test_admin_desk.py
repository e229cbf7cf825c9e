"""The desk in a real browser: no script or style refused, and usable by everybody."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.approvals import ask_approval
from accounts.identity_checks import record_identity_check
from accounts.imports import keep_for_preview
from accounts.merging import ask_merge
from accounts.models import EmergencyAccess, SecrecyOrder
from complaints.models import ComplaintState
from marketing.systems import add_system
from policies.models import Purpose, RetentionRule
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER, DPO
from retention.conflicts import conflicts
from retention.models import OrphanReport, RetentionStatistic
from retention.purge import purge_closed_accounts
from staff.models import RightsReview
from staff.reviews import prepare_reviews
from tests.browser.visitors import NARROW, is_ready
from tests.enquiries.conftest import make_enquiry
from tests.evidence_files import picture
from tests.factories import (
    decide,
    make_complaint,
    make_customer,
    make_evidence,
    make_hold,
    make_staff,
    make_undertaking,
)
from tests.marketing.conftest import make_issue
from visits.models import PageDay


def page_of(name, *args):
    return reverse(f"admin:{name}", args=args)


@pytest.fixture
def officer(portal):
    return make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")


@pytest.fixture
def desk(officer):
    """One of everything: staff, complaints in several states, a hold, a run."""
    dpo = make_staff(DPO, staff_name="Trần Minh Quân")
    administrator = make_staff(ADMINISTRATOR, staff_name="Lê Văn Tám")
    make_complaint(received_at=timezone.now() - timedelta(days=60))
    complaint = make_complaint()
    make_evidence(complaint)
    decide(complaint, by=officer)
    hold = make_hold(make_customer(closed_days_ago=500), placed_by=officer)
    make_customer(closed_days_ago=500)
    run, *_ = purge_closed_accounts(only_report=True)
    orphans = OrphanReport.objects.create(found={"sessions": {"number": 1, "ids": ["1"]}})
    rule = RetentionRule.objects.order_by("pk").first()
    notices = RetentionRule.objects.get(category="notice", trigger="created")
    between = conflicts()[0]
    decided = f"?promise={between.promise.pk}&statute={between.statute.pk}"
    RetentionStatistic.objects.create(category="notice", month="2026-01-01", number=12)
    customer = complaint.customer
    enquiry, unconfirmed = make_enquiry(), make_enquiry(confirmed=False)
    issue, (system, _key) = make_issue(), add_system("CRM", by=administrator)
    PageDay.objects.create(page="home", day=timezone.localdate(), views=9, networks=4)
    recorded, twin = make_customer(user=None), make_customer(full_name="Hoa Trần")
    check = record_identity_check(recorded, kind="call_back", channel="phone", by=officer)
    day = timezone.localdate()
    order = SecrecyOrder.objects.create(
        customer=customer,
        authority="police",
        document="12/QĐ",
        dated_on=day,
        ends_on=day,
        recorded_by=dpo,
    )
    emergency = EmergencyAccess.objects.create(
        customer=customer, category="fraud", field_groups=["contact"], hours=1, asked_by=officer
    )
    why = {"purpose": Purpose.objects.first(), "reason": "contact"}
    asked = ask_approval(customer, groups=["contact"], hours=1, **why, by=officer)
    merge = ask_merge(customer, duplicate=twin.public_id, reason="Một người", by=officer)
    good, bad = "Mai;mai@example.com;0912345678", "Nam;;"
    dpo.undertakings.update(revoked_at=timezone.now(), revoked_by=officer, reason="no_need")
    dpo.undertakings.update(readmitted_at=timezone.now(), readmitted_by=officer)
    make_undertaking(dpo, valid_until=timezone.localdate() + timedelta(days=20))  # may sign anew
    prepare_reviews()
    kept = keep_for_preview(f"Họ tên;Email;Điện thoại\n{good}\n{bad}\n".encode(), by=dpo)
    return {
        COMPLAINT_OFFICER: [
            officer,
            page_of("index"),
            page_of("app_list", "complaints"),
            page_of("complaints_complaint_changelist"),
            page_of("complaints_complaint_dashboard"),
            page_of("complaints_complaint_record_complaint"),
            page_of("complaints_complaint_record_new"),
            page_of("complaints_complaint_record_for", recorded.public_id),
            page_of("complaints_complaint_change", complaint.pk),
            page_of("complaints_complaint_history", complaint.pk),
            page_of("complaints_complaint_resolve", complaint.pk),
            page_of("accounts_customer_changelist"),
            page_of("accounts_customer_change", customer.pk),
            page_of("accounts_customer_history", customer.pk),
            page_of("accounts_customer_reveal", customer.pk),
            page_of("accounts_customer_add"),
            page_of("accounts_customer_assist", customer.pk),
            page_of("accounts_customer_merge", customer.pk),
            page_of("accounts_customer_change", recorded.pk),
            page_of("accounts_customer_invite", recorded.pk),
            page_of("accounts_customermerge_changelist"),
            page_of("accounts_customermerge_change", merge.pk),
            page_of("accounts_accessapproval_changelist"),
            page_of("accounts_accessapproval_change", asked.pk),
            page_of("policies_company_change", 1),
            page_of("enquiries_enquiry_changelist"),
            page_of("enquiries_enquiry_change", enquiry.pk),
            page_of("enquiries_enquiry_change", unconfirmed.pk),
            page_of("enquiries_enquiry_answer", enquiry.pk),
            page_of("enquiries_enquiry_history", enquiry.pk),
        ],
        DPO: [
            dpo,
            page_of("index"),
            page_of("accounts_customer_changelist"),
            page_of("accounts_customer_import_file"),
            page_of("accounts_customer_import_preview", kept.public_id),
            page_of("accounts_customermerge_change", merge.pk),
            page_of("accounts_customermerge_approve", merge.pk),
            page_of("accounts_identitycheck_changelist"),
            page_of("accounts_identitycheck_change", check.pk),
            page_of("accounts_emergencyaccess_changelist"),
            page_of("accounts_emergencyaccess_change", emergency.pk),
            page_of("accounts_emergencyaccess_confirm", emergency.pk),
            page_of("accounts_secrecyorder_changelist"),
            page_of("accounts_secrecyorder_change", order.pk),
            page_of("retention_legalhold_changelist"),
            page_of("retention_legalhold_add"),
            page_of("retention_legalhold_release", hold.pk),
            page_of("policies_retentionrule_changelist"),
            page_of("policies_retentionrule_approve", rule.pk),
            page_of("retention_schedule_changelist") + f"?rule={notices.pk}&months=6",
            page_of("retention_schedule_approve"),
            page_of("retention_schedule_decide") + decided,
            page_of("retention_retentionstatistic_changelist"),
            page_of("retention_purgerun_changelist"),
            page_of("retention_purgerun_change", run.pk),
            page_of("retention_orphanreport_change", orphans.pk),
            page_of("retention_orphanreport_clear", orphans.pk),
            page_of("access_accessrecord_changelist"),
            page_of("common_jobstatus_changelist"),
            page_of("notices_notice_changelist"),
            page_of("policies_officialday_changelist"),
            page_of("visits_pageday_changelist"),
            page_of("enquiries_erasedenquiries_changelist"),
            page_of("marketing_newsletterissue_changelist"),
            page_of("marketing_newsletterissue_add"),
            page_of("marketing_newsletterissue_change", issue.pk),
            page_of("marketing_newsletterissue_send", issue.pk),
            page_of("staff_undertaking_sign"),
            page_of("staff_misuse_add"),
            page_of("staff_rightsreview_change", RightsReview.objects.get(role=DPO).pk),
            page_of("staff_unusualaccess_changelist"),
        ],
        ADMINISTRATOR: [
            administrator,
            page_of("accounts_user_changelist"),
            page_of("accounts_user_add"),
            page_of("accounts_user_change", officer.pk),
            page_of("marketing_apiclient_changelist"),
            page_of("marketing_apiclient_add"),
            page_of("marketing_apiclient_change", system.pk),
        ],
    }


@pytest.fixture
def sign_in(visitor, client):
    def sign_in(user):
        client.force_login(user)
        visitor.enter(client)

    return sign_in


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, ADMINISTRATOR])
def test_every_page_runs_under_the_policy_and_serves_everybody(role, visitor, site, desk, sign_in):
    user, *addresses = desk[role]
    sign_in(user)
    found = {}
    for address in addresses:
        assert visitor.page.goto(site + address).status == 200
        found[address] = visitor.find_faults_at_desk()

    assert found == {address: [] for address in addresses}


def test_menus_open_by_mouse_and_by_keyboard(page, site, officer, sign_in):
    make_complaint()
    sign_in(officer)
    page.goto(site + page_of("complaints_complaint_changelist"))
    is_ready(page)

    page.locator("[role=button]", has_text="Nguyễn Thị Hạnh").press("Enter")
    expect(page.locator("#logout-form button")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("a[role=button]", has=page.get_by_text("filter_list")).click()
    expect(page.locator("#changelist-filter")).to_be_visible()
    page.locator("#changelist-filter-close").click()
    expect(page.locator("#changelist-filter")).to_be_hidden()

    page.set_viewport_size(NARROW)
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.locator("[role=button]:visible", has_text="dock_to_right").click()
    expect(page.locator("#nav-sidebar")).to_be_visible()


def test_an_officer_searches_takes_and_verifies(page, site, officer, sign_in):
    complaint = make_complaint(customer=make_customer(email="hoa@example.com"))
    sign_in(officer)
    page.goto(site + page_of("complaints_complaint_changelist"))

    page.fill("#searchbar", "hoa@example.com")
    page.press("#searchbar", "Enter")
    assert "hoa" not in page.url
    page.get_by_role("link", name=complaint.reference).click()
    for step in ("take", "verify"):
        page.locator(f"form[action$='/{step}/'] button").click()
    page.select_option("#id_decide_outcome", "upheld")
    for name in ("cause", "finding"):
        page.fill(f"#id_decide_{name}", f"{name}.")
    page.locator("form[action$='/decide/'] button").click()
    for name in ("solution", "remedy", "next_steps", "lesson"):
        page.fill(f"#id_resolve_{name}", f"{name}.")
    page.locator("form[action$='/resolve/'] button").click()
    page.locator("button[name='send']").click()
    expect(page.get_by_text("solution.", exact=True)).to_be_visible()

    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.RESOLVED


def test_an_officer_writes_down_a_letter(page, site, officer, sign_in):
    customer = make_customer(email="hoa@example.com", user=None)
    sign_in(officer)
    page.goto(site + page_of("complaints_complaint_changelist"))
    page.locator(f"a[href='{page_of('complaints_complaint_record_complaint')}']").click()
    page.fill("#id_term", "hoa@example.com")
    page.press("#id_term", "Enter")
    assert "hoa" not in page.url
    page.locator(f"a[href$='{customer.public_id}/']").click()
    page.select_option("#id_channel", "post")
    page.fill("#id_received_at", f"{timezone.localtime() - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    page.select_option("#id_category", "shared")
    page.fill("#id_text", "Công ty đưa số của tôi cho bên khác.")
    scan = {"name": "thư.png", "mimeType": "image/png", "buffer": picture("PNG")}
    page.set_input_files("#id_evidence", [scan])
    page.locator("#content-main form button").click()
    expect(page.get_by_text("Công ty đưa số của tôi cho bên khác.")).to_be_visible()

    complaint = customer.cases.get().complaint
    assert (complaint.channel, complaint.evidence.count()) == ("post", 1)
