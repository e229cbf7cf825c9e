import pytest

from access.models import AccessAction, AccessRecord
from access.purposes import DATA_RETENTION
from accounts.models import Customer
from common.cards import MASKED
from common.personal_data import DataCategory
from policies.models import RetentionRule
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from retention.models import LegalHold, PurgeApproval, PurgeRun
from retention.purge import purge_closed_accounts
from tests.factories import make_complaint, make_customer, make_hold, make_staff

HOLDS = "/admin/retention/legalhold/"
RULES = "/admin/policies/retentionrule/"


@pytest.fixture
def dpo(client, db):
    user = make_staff(DPO, staff_name="Trần Minh Quân")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def the_rule():
    return RetentionRule.objects.get(
        category=DataCategory.ACCOUNT, trigger="account_closed", action="delete"
    )


def demand(public_id):
    return {
        "public_id": public_id,
        "authority": "Tòa án nhân dân",
        "document": "12/QĐ-TA",
        "reason": "Đang giải quyết tranh chấp.",
    }


def test_a_hold_is_placed_by_public_id_and_recorded(client, dpo):
    customer = make_customer()

    answer = client.post(f"{HOLDS}add/", demand(f" {customer.public_id.upper()} "))

    hold = LegalHold.objects.get()
    assert answer.url == f"{HOLDS}{hold.pk}/change/"
    record = AccessRecord.objects.get()
    assert (hold.customer, hold.placed_by, hold.authority) == (customer, dpo, "Tòa án nhân dân")
    assert hold.history.get().history_user == dpo
    assert (record.action, record.customer) == (AccessAction.OPEN, customer.public_id)
    assert record.purpose == DATA_RETENTION


def test_a_hold_is_begun_at_customer_and_case_and_a_short_id_names_one_alone(client, dpo):
    case = make_complaint()
    customer = case.customer
    whole = f"{HOLDS}add/?public_id={customer.public_id}"
    places = {
        f"/admin/accounts/customer/{customer.pk}/change/": f'"{whole}"',
        f"/admin/complaints/complaint/{case.pk}/change/": f'"{whole}&amp;case={case.reference}"',
    }
    assert [link in client.get(page).text for page, link in places.items()] == [True, True]
    form = client.get(f"{whole}&case={case.reference}").context_data["form"]
    assert (form["public_id"].value(), form["case"].value()) == (
        customer.public_id,
        case.reference,
    )

    short = customer.public_id[:8]
    twin = make_customer(public_id=f"{short}{'0' * 24}")
    assert "More than one" in client.post(f"{HOLDS}add/", demand(short)).text
    assert not LegalHold.objects.exists()
    Customer.objects.filter(pk=twin.pk).update(public_id="0" * 32)
    client.post(f"{HOLDS}add/", demand(short))
    assert LegalHold.objects.get().customer == customer

    client.force_login(make_staff(COMPLAINT_OFFICER))
    assert not any(f"{HOLDS}add/" in client.get(page).text for page in places)


def test_a_card_number_in_a_demand_is_masked(client, dpo):
    card = "thẻ 4111 1111 1111 1111"
    texts = {"authority": card, "document": card, "reason": card}

    client.post(f"{HOLDS}add/", demand(make_customer().public_id) | texts)

    hold = LegalHold.objects.get()
    assert {hold.authority, hold.document, hold.reason} == {f"thẻ {MASKED}"}


@pytest.mark.parametrize("public_id", ["", "0" * 32, "0" * 8, "hoa@example.com"])
def test_a_hold_on_nobody_is_refused(public_id, client, dpo):
    response = client.post(f"{HOLDS}add/", demand(public_id))

    assert response.status_code == 200
    assert response.context_data["form"].errors
    assert not LegalHold.objects.exists()


def test_a_hold_is_released_by_another_person_who_sees_what_it_is_and_says_why(client, dpo):
    customer = make_customer(closed_days_ago=500)
    make_complaint(customer=customer)
    hold = make_hold(customer)
    step = f"{HOLDS}{hold.pk}/release/"
    waits = f"after {customer.kept_until:%-d %b %Y}, once this has ended: legal hold, open case"

    page = client.get(step).text
    told = [hold.authority, hold.document, hold.reason, "everything", waits]
    assert [each for each in told if each not in page] == []
    assert client.post(step).status_code == 200
    hold.refresh_from_db()
    assert hold.released_at is None
    response = client.post(step, {"reason": "Vụ án đã xong."})

    hold.refresh_from_db()
    assert response.url == f"{HOLDS}{hold.pk}/change/"
    assert (hold.released_by, hold.release) == (dpo, "Vụ án đã xong.")
    assert hold.history.first().release == hold.release
    page = client.get(response.url).text
    assert [hold.release in page, "a legal hold, released, that keeps until" in page] == [True] * 2
    assert "released, keeps until" in client.get(HOLDS).text
    past = client.get(f"{HOLDS}{hold.pk}/history/").text
    assert "<strong>No longer needed because:</strong>" in past
    assert "<strong>Reason:</strong>" not in past


def test_who_placed_a_hold_does_not_release_it(client, dpo):
    hold = make_hold(make_customer(), placed_by=dpo)

    offered = f"{HOLDS}{hold.pk}/release/" in client.get(f"{HOLDS}{hold.pk}/change/").text
    page = client.post(f"{HOLDS}{hold.pk}/release/", {"reason": "xong"}).content.decode()

    hold.refresh_from_db()
    assert not offered
    assert "not yet; by another person" in client.get(f"{HOLDS}{hold.pk}/change/").text
    assert "by another person" in page
    assert hold.released_at is None


def test_a_hold_shows_the_customer_by_public_id_alone(client, dpo):
    customer = make_customer(full_name="Trần Thị Hoa", email="hoa@example.com")
    hold = make_hold(customer)

    pages = [client.get(HOLDS), client.get(f"{HOLDS}{hold.pk}/change/")]

    for page in pages:
        assert customer.public_id[:8] in page.content.decode()
        assert "hoa@" not in page.content.decode()
        assert "Hoa" not in page.content.decode()
    assert [r.action for r in AccessRecord.objects.order_by("pk")] == [
        AccessAction.LIST,
        AccessAction.OPEN,
    ]


def test_the_approval_shows_what_would_go_and_lets_the_purge_delete(client, dpo):
    make_customer(closed_days_ago=500)
    make_hold(make_customer(closed_days_ago=500))
    rule = the_rule()

    preview = client.get(f"{RULES}{rule.pk}/approve/").context_data["preview"]
    assert (preview.due, preview.held, preview.deferred, preview.going) == (2, 1, 0, 1)
    assert preview.rows["customers"] == 1
    assert not PurgeApproval.objects.exists()
    assert not PurgeRun.objects.exists()

    offered = [f"{RULES}{rule.pk}/approve/" in client.get(f"{RULES}{rule.pk}/change/").text]
    client.post(f"{RULES}{rule.pk}/approve/")
    offered.append(f"{RULES}{rule.pk}/approve/" in client.get(f"{RULES}{rule.pk}/change/").text)
    assert offered == [True, False]
    assert PurgeApproval.objects.get().approved_by == dpo
    (run,) = purge_closed_accounts()
    assert (run.only_reported, run.due, run.held, run.erased) == (False, 2, 1, 1)


def test_a_superseded_rule_is_not_approved(client, dpo):
    rule = the_rule()
    RetentionRule.objects.filter(pk=rule.pk).update(valid_to=rule.valid_from)

    page = client.post(f"{RULES}{rule.pk}/approve/").content.decode()

    assert "superseded" in page
    assert not PurgeApproval.objects.exists()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, AUDITOR, ADMINISTRATOR])
def test_nobody_but_the_dpo_holds_releases_or_approves(role, client, db):
    customer = make_customer()
    hold = make_hold(customer)
    client.force_login(make_staff(role))

    answers = {
        client.post(f"{HOLDS}add/", demand(customer.public_id)).status_code,
        client.post(f"{HOLDS}{hold.pk}/release/").status_code,
        client.post(f"{RULES}{the_rule().pk}/approve/").status_code,
        client.get(HOLDS).status_code,
    }

    hold.refresh_from_db()
    assert answers == {403}
    assert (hold.released_at, LegalHold.objects.count()) == (None, 1)
    assert not PurgeApproval.objects.exists()


def test_runs_and_tombstones_are_read_and_nothing_else(client, dpo):
    customer = make_customer(closed_days_ago=500)
    client.post(f"{RULES}{the_rule().pk}/approve/")
    (run,) = purge_closed_accounts()

    page = client.get(f"/admin/retention/purgerun/{run.pk}/change/").content.decode()
    listed = client.get("/admin/retention/purgerun/").text
    tombstones = client.post("/admin/retention/tombstone/", {"q": customer.public_id})
    answers = {
        client.post(f"/admin/retention/{path}").status_code
        for path in (
            "purgerun/add/",
            f"purgerun/{run.pk}/change/",
            f"purgerun/{run.pk}/delete/",
            "tombstone/add/",
            "purgeapproval/add/",
        )
    }

    assert "due: 1, erased: 1<" in listed
    assert "customers: 1" in page
    assert "history of customers: 1" in page
    assert customer.public_id in tombstones.content.decode()
    assert answers == {403}
