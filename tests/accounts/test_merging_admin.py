import pytest
from django.urls import reverse

from access.models import AccessRecord
from accounts.models import Customer, CustomerMerge
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_complaint, make_customer, make_staff

CUSTOMERS = "/admin/accounts/customer/"
MERGES = "/admin/accounts/customermerge/"


@pytest.fixture
def pair(db):
    """The record that stays, and its duplicate."""
    return (
        make_customer(full_name="Trần Thị Hoa", email="hoa@example.com"),
        make_customer(full_name="Hoa Trần", email="hoa.tran@example.com"),
    )


def sign_in(client, role):
    user = make_staff(role)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def ask(client, pair, **kwargs):
    data = {
        "duplicate": pair[1].public_id.upper(),
        "kept_sign_in": "survivor",
        "reason": "Cùng một người",
        **kwargs,
    }
    return client.post(f"{CUSTOMERS}{pair[0].pk}/merge/", data, follow=True)


def test_an_officer_asks_and_a_dpo_merges(client, pair):
    officer = sign_in(client, COMPLAINT_OFFICER)
    ask(client, pair)
    merge = CustomerMerge.objects.get()
    dpo = sign_in(client, DPO)

    client.post(f"{MERGES}{merge.pk}/approve/")

    merge.refresh_from_db()
    assert (merge.state, merge.asked_by, merge.decided_by) == ("merged", officer, dpo)
    assert Customer.objects.get().pk == pair[0].pk


def test_the_page_shows_both_behind_their_masks_and_what_happens(client, pair):
    make_complaint(customer=pair[1], text="Tôi không hài lòng")
    sign_in(client, COMPLAINT_OFFICER)

    page = ask(client, pair)

    for words in ("T. T. H.", "H. T.", "h•••@example.com", "It cannot be undone"):
        assert words in page.text
    for value in ("hoa@", "hoa.tran@", "Trần", "hài lòng", pair[0].phone[-6:], pair[1].phone[-6:]):
        assert value not in page.text
    seen = AccessRecord.objects.filter(action="open", case_reference="")
    assert {each.customer: set(each.field_groups) for each in seen} == {
        pair[0].public_id: {"account", "contact"},
        pair[1].public_id: {"account", "contact", "complaint"},
    }


def test_the_old_public_id_finds_who_stays(client, pair):
    sign_in(client, DPO)
    ask(client, pair)
    sign_in(client, DPO)
    client.post(f"{MERGES}{CustomerMerge.objects.get().pk}/approve/")

    for term in (pair[1].public_id, pair[1].public_id[:8], pair[0].public_id):
        found = client.post(CUSTOMERS, {"q": term}).context_data["cl"].result_list
        assert [each.pk for each in found] == [pair[0].pk]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duplicate": "0" * 32}, "There is no customer with this public id"),
        ({"duplicate": "Hoa"}, "at least 32 characters"),
        ({"reason": ""}, "This field is required"),
        ({"kept_sign_in": "both"}, "Select a valid choice"),
    ],
)
def test_a_bad_request_says_why(change, said, client, pair):
    sign_in(client, COMPLAINT_OFFICER)

    assert said in ask(client, pair, **change).text
    assert not CustomerMerge.objects.exists()


def test_who_asked_and_who_is_no_dpo_decide_nothing(client, pair):
    sign_in(client, DPO)
    ask(client, pair)
    merge = CustomerMerge.objects.get()

    client.post(f"{MERGES}{merge.pk}/approve/")
    sign_in(client, COMPLAINT_OFFICER)
    answers = [client.post(f"{MERGES}{merge.pk}/{step}/") for step in ("approve", "refuse")]

    assert [answer.status_code for answer in answers] == [403, 403]
    merge.refresh_from_db()
    assert merge.state == "waiting"
    assert Customer.objects.count() == 2


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_others_see_no_merge(role, client, pair):
    sign_in(client, COMPLAINT_OFFICER)
    ask(client, pair)
    merge = CustomerMerge.objects.get()
    sign_in(client, role)

    pages = [MERGES, f"{MERGES}{merge.pk}/change/", f"{CUSTOMERS}{pair[0].pk}/merge/"]
    assert {client.get(page).status_code for page in pages} == {403}


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_makes_the_same_queries_for_any_number_of_rows(
    rows, client, db, django_assert_num_queries
):
    officer = sign_in(client, DPO)
    for _ in range(rows):
        CustomerMerge.objects.create(
            survivor=make_customer(),
            duplicate_key=0,
            duplicate_public_id=make_customer().public_id,
            asked_by=officer,
        )
    client.get(MERGES)

    with django_assert_num_queries(12):
        client.get(MERGES)


@pytest.mark.parametrize("row", ["abc", "٣", "-1", "9" * 30])
@pytest.mark.parametrize(
    "step",
    [
        "accounts_customer_invite",
        "accounts_customer_reopen",
        "accounts_customer_merge",
        "accounts_customer_lock",
        "accounts_customermerge_approve",
        "hosting_hostedservice_end_account",
    ],
)
def test_an_address_that_names_no_row_leads_nowhere(step, row, client, pair):
    for role in (DPO, COMPLAINT_OFFICER):
        sign_in(client, role)

        assert client.get(reverse(f"admin:{step}", args=[row])).status_code in (403, 404)
