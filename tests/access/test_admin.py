import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse

from access.admin import AccessRecordAdmin
from access.models import AccessAction, AccessRecord
from access.purposes import ACCESS_REVIEW, COMPLAINT_HANDLING, CUSTOMER_CARE
from access.services import record_access
from accounts.details import correct_details
from casework.models import ConflictCause
from casework.services import exclude_staff
from common.personal_data import DataCategory
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_complaint, make_customer, make_staff, make_user

CUSTOMERS = "/admin/accounts/customer/"
COMPLAINTS = "/admin/complaints/complaint/"
RECORDS = "/admin/access/accessrecord/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    return user


def the_record():
    return AccessRecord.objects.get()


def test_a_list_is_one_record_with_its_count_and_the_names_of_its_filters(client, officer):
    make_customer(full_name="Trần Thị Hoa")
    make_customer(closed_days_ago=3)

    page = client.get(f"{CUSTOMERS}?account=open").content.decode()

    record = the_record()
    assert "T. T. H." in page
    assert "Trần" not in page
    assert (record.action, record.customer, record.count) == (AccessAction.LIST, "", 1)
    assert (record.actor, record.role, record.purpose) == (
        officer,
        COMPLAINT_OFFICER,
        CUSTOMER_CARE,
    )
    assert (record.filters, record.field_groups) == (["account"], [DataCategory.CONTACT])


def test_a_record_bears_the_role_that_opens_the_data_whatever_else_somebody_is(client, officer):
    for role in (ADMINISTRATOR, AUDITOR):
        officer.groups.add(Group.objects.get(name=role))

    client.get(CUSTOMERS)

    assert the_record().role == COMPLAINT_OFFICER


def test_a_record_knows_the_network_it_was_opened_from_and_none_of_a_job(client, officer):
    customer = make_customer()
    client.get(f"{CUSTOMERS}{customer.pk}/change/", REMOTE_ADDR="203.0.113.7")
    record_access(
        by=officer,
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose=CUSTOMER_CARE,
        field_groups=[],
    )

    assert list(AccessRecord.objects.values_list("address", flat=True)) == ["", "203.0.113.0/24"]


def test_a_search_names_whom_it_found_and_not_what_was_searched(client, officer):
    customer = make_customer(email="hoa@example.com")
    make_customer()

    page = client.post(CUSTOMERS, {"q": " Hoa@Example.com "})

    record = the_record()
    assert customer.public_id[:8] in page.text
    assert (record.action, record.customer, record.count) == (
        AccessAction.SEARCH,
        customer.public_id,
        1,
    )
    assert record.filters == ["email"]
    assert "hoa@example.com" not in str(AccessRecord.objects.values().get())


def test_a_customer_sees_that_a_search_found_them(client, officer):
    customer = make_customer()
    client.post(CUSTOMERS, {"q": customer.phone})
    client.force_login(customer.user)
    client.cookies["django_language"] = "en"

    page = client.get(reverse("accesses")).text

    assert "Search: " in page
    assert "Customer care" in page


def test_a_search_names_each_person_once(client, officer):
    people = [make_customer(email="hoa@example.com", user=make_user()) for _ in range(2)]
    for customer in (*people, people[0]):
        make_complaint(customer=customer)

    client.post(COMPLAINTS, {"q": "hoa@example.com"})

    records = AccessRecord.objects.values_list("action", "customer", "count")
    assert set(records) == {(AccessAction.SEARCH, each.public_id, 1) for each in people}
    assert len(records) == 2


@pytest.mark.parametrize("rows", [1, 3])
def test_a_search_makes_the_same_queries_for_any_number_of_people(
    rows, client, officer, django_assert_num_queries
):
    for _ in range(rows):
        make_customer(full_name="Trần Thị Hoa")
    client.get(CUSTOMERS)

    with django_assert_num_queries(14):
        client.post(CUSTOMERS, {"q": "Trần Thị Hoa"})

    assert AccessRecord.objects.filter(action=AccessAction.SEARCH).count() == rows


def test_a_search_that_finds_nobody_is_a_record_too(client, officer):
    make_customer()

    client.post(CUSTOMERS, {"q": "hoa@example.com"})

    record = the_record()
    assert (record.action, record.customer, record.count) == (AccessAction.SEARCH, "", 0)


def test_opening_names_the_customer_the_purpose_and_the_case(client, officer):
    complaint = make_complaint()

    client.get(f"{COMPLAINTS}{complaint.pk}/change/")

    record = the_record()
    assert (record.action, record.customer) == (AccessAction.OPEN, complaint.customer.public_id)
    assert (record.purpose, record.case_reference) == (COMPLAINT_HANDLING, complaint.reference)
    assert record.field_groups == [DataCategory.COMPLAINT, DataCategory.CONTACT]


def test_the_history_is_recorded_and_masked(client, officer):
    customer = make_customer(full_name="Trần Thị Hoa")
    details = {"full_name": "Trần Thị Huệ", "phone": customer.phone, "address": customer.address}
    correct_details(customer, details=details, by=customer.user)
    version = customer.history.latest().pk

    pages = [
        client.get(f"{CUSTOMERS}{customer.pk}/history/").content.decode(),
        client.get(f"{CUSTOMERS}{customer.pk}/history/{version}/").content.decode(),
    ]

    assert [record.action for record in AccessRecord.objects.all()] == [AccessAction.HISTORY] * 2
    for page in pages:
        for value in ("Hoa", "Huệ", customer.email, customer.phone, customer.address):
            assert value not in page
    assert "•••" in pages[0]


@pytest.mark.parametrize("place", ["", "{pk}/change/", "{pk}/history/"])
def test_what_cannot_be_recorded_is_not_shown(place, client, officer):
    customer = make_customer()
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE access_accessrecord ADD CHECK (false) NOT VALID")

    response = client.get(CUSTOMERS + place.format(pk=customer.pk))

    assert response.status_code == 500
    assert customer.public_id[:8] not in response.content.decode()


@pytest.mark.parametrize("query", ["_popup=1", "_to_field=id"])
@pytest.mark.parametrize("place", ["", "{pk}/change/"])
def test_no_window_picks_a_customer_for_another_form(place, query, client, officer):
    customer = make_customer()

    response = client.get(f"{CUSTOMERS}{place.format(pk=customer.pk)}?{query}")

    assert response.status_code == 403
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize(
    "lookup", ["email__startswith=h", "full_name__contains=Hoa", "user__email=hoa@example.com"]
)
def test_a_masked_value_cannot_be_guessed_by_a_lookup(lookup, client, officer):
    make_customer(email="hoa@example.com")

    assert client.get(f"{CUSTOMERS}?{lookup}").status_code == 400


def test_the_autocomplete_finds_nobody(client, db):
    make_customer(email="hoa@example.com")
    client.force_login(make_staff(DPO))

    response = client.get(
        reverse("admin:autocomplete"),
        {
            "app_label": "retention",
            "model_name": "legalhold",
            "field_name": "customer",
            "term": "hoa@example.com",
        },
    )

    assert response.status_code == 404


def test_a_row_about_a_customer_is_not_changed_by_its_page(client, officer):
    customer = make_customer(full_name="Trần Thị Hoa")

    response = client.post(f"{CUSTOMERS}{customer.pk}/change/", {"full_name": "Ai đó"})

    customer.refresh_from_db()
    assert response.status_code == 405
    assert customer.full_name == "Trần Thị Hoa"


@pytest.mark.parametrize("role", [DPO, AUDITOR])
def test_reading_the_records_is_a_record_too(role, client, db):
    customer = make_customer()
    officer = make_staff(COMPLAINT_OFFICER, staff_name="Lê Văn Tám")
    client.force_login(officer)
    client.get(f"{CUSTOMERS}{customer.pk}/change/")
    reviewer = make_staff(role)
    client.force_login(reviewer)

    page = client.get(RECORDS).content.decode()

    newest = AccessRecord.objects.first()
    assert "Lê Văn Tám" in page
    assert customer.public_id[:8] in page
    assert (newest.actor, newest.purpose, newest.count) == (reviewer, ACCESS_REVIEW, 1)


def test_the_records_of_one_customer_are_found(client, db):
    customer, other = make_customer(), make_customer()
    client.force_login(make_staff(DPO))
    for who in (customer, other):
        client.get(f"{CUSTOMERS}{who.pk}/change/")

    page = client.post(RECORDS, {"q": customer.public_id}).content.decode()

    assert customer.public_id[:8] in page
    assert other.public_id[:8] not in page


def test_no_record_names_a_case_that_is_hidden_from_who_reads(client, officer):
    about_them, about_none = make_complaint(), make_complaint()
    dpo = make_staff(DPO)
    for complaint in (about_them, about_none):
        client.get(f"{COMPLAINTS}{complaint.pk}/change/")
    exclude_staff(about_them, dpo, cause=ConflictCause.NAMED)

    read = {}
    for reader in (make_staff(DPO), dpo):
        client.force_login(reader)
        page, found = client.get(RECORDS), client.post(RECORDS, {"q": about_them.reference})
        assert about_none.reference in page.text
        read[reader] = (about_them.reference in page.text, len(found.context["cl"].result_list))

    assert list(read.values()) == [(True, 1), (False, 0)]


def test_nobody_changes_or_removes_a_record(client, db):
    client.force_login(make_staff(DPO))
    client.get(RECORDS)
    record = the_record()

    answers = [
        client.get(f"{RECORDS}{record.pk}/change/").status_code,
        client.post(f"{RECORDS}{record.pk}/delete/", {"post": "yes"}).status_code,
        client.get(f"{RECORDS}add/").status_code,
    ]

    assert answers == [404, 403, 403]


def test_a_record_without_a_customer_is_nobody_on_the_list(client, db):
    client.force_login(make_staff(DPO))
    for _ in range(2):
        client.get(RECORDS)

    assert [record.count for record in AccessRecord.objects.all()] == [0, 0]


@pytest.mark.parametrize(("language", "role"), [("vi", "Nhân viên"), ("en", "Staff")])
def test_a_customer_reads_of_staff_without_a_role_in_their_language(language, role, client, db):
    customer = make_customer()
    record_access(
        by=make_staff(),
        action=AccessAction.OPEN,
        customer=customer.public_id,
        purpose=CUSTOMER_CARE,
        field_groups=[DataCategory.CONTACT],
    )
    client.force_login(customer.user)
    client.cookies["django_language"] = language

    assert f">{role}</td>" in client.get(reverse("accesses")).text


def test_an_officer_does_not_read_the_records(client, officer):
    assert client.get(RECORDS).status_code == 403


def test_the_desks_search_goes_by_an_index_for_each_kind_of_term(db):
    records = AccessRecordAdmin(AccessRecord, site)
    request = RequestFactory().get("/")
    request.user = make_staff(AUDITOR)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plans = [
            records.get_search_results(request, records.get_queryset(request), term)[0]
            .order_by()  # among few rows it would go by the order
            .explain()
            for term in ("0123abcd", "0123abcd" * 4, "KN-2345-6789-A")
        ]

    # Two indexes hold the customer; which one an empty table goes by is the planner's whim.
    for plan, index in zip(plans, ("", "", "case"), strict=True):
        assert f" accessrecord_{index}" in plan
        assert "Seq Scan on access_accessrecord" not in plan
