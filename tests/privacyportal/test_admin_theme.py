import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
import unfold
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.staticfiles import finders
from django.utils import timezone

from casework.models import ConflictCause
from casework.services import exclude_staff
from policies.loading import load_profile
from policies.models import CalendarRange, Company
from privacyportal import admin_theme
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from retention.models import PurgeRun
from tests.factories import make_complaint, make_customer, make_staff

# Of the template as django-unfold 0.91.0 ships it.
SKELETON = "66af9f0bb45f98ba4e16ba5e5a11f36d87b8e07430d19066d088b29548491c2e"

PAGES = {
    "/admin/incidents/unauthoriseduse/": {COMPLAINT_OFFICER, DPO},
    "/admin/incidents/unauthoriseduse/add/": {COMPLAINT_OFFICER, DPO},
    "/admin/complaints/complaint/": {COMPLAINT_OFFICER, DPO},
    "/admin/complaints/complaint/dashboard/": {COMPLAINT_OFFICER, DPO},
    "/admin/complaints/complaint/record/": {COMPLAINT_OFFICER, DPO},
    "/admin/complaints/complaint/record/new/": {COMPLAINT_OFFICER, DPO},
    "/admin/complaints/replytemplate/": {COMPLAINT_OFFICER, DPO},
    "/admin/enquiries/enquiry/": {COMPLAINT_OFFICER, DPO},
    "/admin/enquiries/erasedenquiries/": {DPO},
    "/admin/accounts/customer/": {COMPLAINT_OFFICER, DPO},
    "/admin/calls/callrecording/": {COMPLAINT_OFFICER, DPO},
    "/admin/calls/callrecording/add/": {DPO},
    "/admin/hosting/hostedservice/": {COMPLAINT_OFFICER, DPO},
    "/admin/hosting/backuprequest/": {COMPLAINT_OFFICER, DPO},
    "/admin/accounts/user/": {ADMINISTRATOR},
    "/admin/accounts/user/add/": {ADMINISTRATOR},
    "/admin/access/accessrecord/": {DPO, AUDITOR},
    "/admin/access/accessseal/": {DPO, AUDITOR},
    "/admin/access/accessverification/": {DPO, AUDITOR},
    "/admin/retention/legalhold/": {DPO},
    "/admin/accounts/customer/add/": {COMPLAINT_OFFICER, DPO},
    "/admin/accounts/customer/import_file/": {DPO},
    "/admin/accounts/customermerge/": {COMPLAINT_OFFICER, DPO},
    "/admin/accounts/identitycheck/": {DPO},
    "/admin/accounts/accessapproval/": {COMPLAINT_OFFICER, DPO},
    "/admin/accounts/emergencyaccess/": {COMPLAINT_OFFICER, DPO},
    "/admin/accounts/secrecyorder/": {DPO},
    "/admin/retention/legalhold/add/": {DPO},
    "/admin/retention/necessityreview/": {DPO},
    "/admin/retention/purgeapproval/": {DPO, AUDITOR},
    "/admin/retention/purgefailure/": {DPO},
    "/admin/retention/purgerun/": {DPO, AUDITOR},
    "/admin/retention/orphanreport/": {DPO, AUDITOR},
    "/admin/retention/restorerehearsal/": {DPO, AUDITOR},
    "/admin/retention/retentionstatistic/": {DPO, AUDITOR},
    "/admin/retention/schedule/": {DPO, AUDITOR},
    "/admin/retention/tombstone/": {DPO, AUDITOR},
    "/admin/downstream/order/": {COMPLAINT_OFFICER, DPO},
    "/admin/downstream/system/": {COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR},
    "/admin/downstream/system/add/": {ADMINISTRATOR},
    "/admin/policies/company/": {COMPLAINT_OFFICER, DPO, AUDITOR},
    "/admin/policies/promise/": {DPO, AUDITOR},
    "/admin/policies/policyversion/": {DPO, AUDITOR},
    "/admin/policies/policyversion/add/": {DPO},
    "/admin/accounts/policyannouncement/": {DPO, AUDITOR, ADMINISTRATOR},
    "/admin/policies/purpose/": {COMPLAINT_OFFICER, DPO, AUDITOR},
    "/admin/policies/declaredfield/": {COMPLAINT_OFFICER, DPO, AUDITOR},
    "/admin/policies/recipient/": {DPO, AUDITOR},
    "/admin/policies/timelimit/": {COMPLAINT_OFFICER, DPO, AUDITOR},
    "/admin/policies/retentionrule/": {DPO, AUDITOR},
    "/admin/policies/officialday/": {COMPLAINT_OFFICER, DPO, AUDITOR},
    "/admin/marketing/apiclient/": {DPO, ADMINISTRATOR},
    "/admin/marketing/apiclient/add/": {ADMINISTRATOR},
    "/admin/marketing/newsletterissue/": {DPO},
    "/admin/marketing/newsletterissue/add/": {DPO},
    "/admin/notices/notice/": {DPO, ADMINISTRATOR},
    "/admin/common/jobstatus/": {DPO, AUDITOR, ADMINISTRATOR},
    "/admin/visits/pageday/": {DPO},
    "/admin/staff/undertaking/": {DPO, AUDITOR},
    "/admin/staff/undertakingtext/": {DPO, AUDITOR},
    "/admin/staff/undertakingtext/add/": {DPO},
    "/admin/staff/misuse/": {DPO, AUDITOR},
    "/admin/staff/misuse/add/": {DPO},
    "/admin/staff/rightsreview/": {DPO, AUDITOR},
    "/admin/staff/unusualaccess/": {DPO, AUDITOR},
    "/admin/staff/unusualaccess/csv/": {DPO, AUDITOR},
    "/admin/staff/flaggedrecord/": {DPO},
    "/admin/staff/flaggedrecord/add/": {DPO},
}


STEPS = (
    "/add/",
    "/import_file/",
    "/record/",
    "/new/",
    "/dashboard/",
    "/csv/",
)  # behind a button of a list


def test_the_template_that_ours_replaces_is_the_one_it_was_written_for():
    original = Path(unfold.__file__).parent / "templates/unfold/layouts/skeleton.html"

    digest = hashlib.sha256(original.read_bytes()).hexdigest()

    assert digest == SKELETON, "Bring templates/unfold/layouts/skeleton.html in line with it."


def test_the_script_that_needs_no_eval_stands_before_the_themes():
    script = Path(finders.find("unfold/js/alpine/alpine.js"))

    assert Path(unfold.__file__).parent not in script.parents
    assert "new Function(" not in script.read_text()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR])
def test_each_role_opens_its_pages_and_no_others(role, client, db):
    client.force_login(make_staff(role))

    answers = {page: client.get(page).status_code for page in PAGES}

    assert answers == {page: 200 if role in may else 403 for page, may in PAGES.items()}


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR])
def test_the_sidebar_leads_to_what_the_role_may_open(role, client, db):
    client.force_login(make_staff(role))

    groups = client.get("/admin/").context_data["sidebar_navigation"]

    links = {str(item["link"]) for group in groups for item in group["items"]}
    lists = {page for page, may in PAGES.items() if role in may and not page.endswith(STEPS)}
    assert links == lists - {  # the company hosts nothing, and promises no approval
        "/admin/hosting/hostedservice/",
        "/admin/hosting/backuprequest/",
        "/admin/accounts/accessapproval/",
    }


@pytest.mark.parametrize(
    ("language", "said"), [("vi", "2 lần xóa dữ liệu"), ("en", "2 purge runs")]
)
def test_a_number_of_rows_is_said_as_the_language_says_it(language, said, client, db):
    client.force_login(make_staff(DPO))
    client.cookies["django_language"] = language
    for _n in range(2):
        PurgeRun.objects.create(only_reported=False)

    assert said in " ".join(client.get("/admin/retention/purgerun/").text.split())


def test_a_list_of_what_only_some_companies_hold_stands_in_their_sidebar_alone(client, db):
    load_profile("vietnam_server")
    client.force_login(make_staff(DPO))

    groups = client.get("/admin/").context_data["sidebar_navigation"]

    links = {str(item["link"]) for group in groups for item in group["items"]}
    assert {"/admin/hosting/hostedservice/", "/admin/accounts/accessapproval/"} <= links
    assert "/admin/calls/callrecording/" not in links


def test_every_registered_admin_is_the_portals_own():
    homes = {type(site_admin).__module__.partition(".")[0] for site_admin in registered()}

    assert homes == {
        "access", "accounts", "calls", "common", "complaints", "downstream", "enquiries",
        "hosting", "incidents", "marketing", "notices", "policies", "retention", "staff", "visits",
    }  # fmt: skip


def registered():
    return admin.site._registry.values()


def test_scripts_come_from_here_alone_and_none_stands_in_the_page(client, db):
    make_complaint()
    client.force_login(make_staff(COMPLAINT_OFFICER))

    response = client.get("/admin/complaints/complaint/")

    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    assert policy.get("script-src", policy["default-src"]) == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert b"<script>" not in response.content


def test_the_overdue_complaints_are_counted_in_the_sidebar(client, db, monkeypatch):
    monkeypatch.setattr(admin_theme, "MOST_TOLD", 2)
    officer, dpo = make_staff(COMPLAINT_OFFICER), make_staff(DPO)
    late = [make_complaint(received_at=timezone.now() - timedelta(days=60)) for _ in range(3)]
    exclude_staff(late[0], officer, cause=ConflictCause.NAMED)

    badges = []
    for reader in (officer, dpo):
        client.force_login(reader)
        items = client.get("/admin/").context_data["sidebar_navigation"][0]["items"]
        badges.append(items[0]["badge"])

    assert badges == ["2", "2+"]


def test_the_first_page_shows_figures_that_lead_to_their_lists(client, db):
    dpo = make_staff(DPO)
    mine = make_complaint(handler=dpo)
    make_complaint()
    make_customer(closed_days_ago=500)
    client.force_login(dpo)

    context = client.get("/admin/").context_data

    assert [figure.value for figure in context["figures"][:6]] == [2, 0, 0, 1, 0, 1]
    assert [own.reference for own in context["own_complaints"]] == [mine.reference]
    for figure in context["figures"]:
        assert client.get(figure.link).status_code == 200


@pytest.mark.parametrize(
    ("ends", "shown"), [(date(2027, 12, 30), ["30/12/2027"]), (date(2027, 12, 31), [])]
)
def test_the_first_page_warns_who_keeps_the_calendar_that_it_ends(ends, shown, client, db):
    CalendarRange.objects.update(covers_to=ends)
    dpo = make_staff(DPO)
    dpo.user_permissions.add(Permission.objects.get(codename="change_officialday"))
    year_view = "/admin/policies/officialday/?year=2027"

    with time_machine.travel(datetime(2026, 11, 2, 3, 0, tzinfo=UTC), tick=False):
        client.force_login(dpo)
        figures = client.get("/admin/").context_data["figures"]
        client.force_login(make_staff(AUDITOR))
        of_auditor = client.get("/admin/").context_data["figures"]

    assert [(f.value, f.tone) for f in figures if f.link == year_view] == [
        (day, "late") for day in shown
    ]
    assert of_auditor != []
    assert [f for f in of_auditor if f.link == year_view] == []


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR])
def test_the_first_page_stands_before_any_profile_is_loaded(role, client, db):
    Company.objects.all().delete()
    client.force_login(make_staff(role))

    assert client.get("/admin/").status_code == 200


def test_who_signs_out_lands_on_the_welcome_page(client, db):
    client.force_login(make_staff(DPO))

    assert client.post("/admin/logout/").url == "/"
    assert client.get("/admin/").status_code == 302


def test_no_address_of_a_complaint_is_told_to_all_staff(client, db):
    complaint = make_complaint()
    content_type = ContentType.objects.get_for_model(complaint)
    client.force_login(make_staff(ADMINISTRATOR))

    assert client.get(f"/admin/r/{content_type.pk}/{complaint.pk}/").status_code == 404


def test_passwords_are_changed_on_the_portals_own_page(client, db):
    client.force_login(make_staff(DPO))

    assert client.get("/admin/password_change/").url == "/account/password/change/"
