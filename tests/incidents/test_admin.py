import pytest
from allauth.mfa.models import Authenticator

from access.models import AccessRecord
from accounts.merging import approve_merge, ask_merge
from accounts.models import User
from incidents.models import UnauthorisedUse
from notices.models import Notice
from policies.loading import load_profile
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.answers import answer_of
from tests.clients import set_up_app
from tests.factories import make_customer, make_staff
from tests.incidents.test_services import report, with_address

pytestmark = pytest.mark.django_db

LIST = "/admin/incidents/unauthoriseduse/"


@pytest.fixture
def ung():
    return with_address(make_customer(full_name="Nguyễn Văn Ưng"))


@pytest.fixture
def officer(client):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    return user


def test_an_officer_locks_with_a_reason_and_it_is_on_record(client, officer, ung):
    answer = client.post(f"{LIST}add/", {"customer": f" {ung.public_id}", "text": "Cảnh báo."})

    case = UnauthorisedUse.objects.get()
    assert answer.status_code == 302
    assert (case.origin, case.text, case.needs_release) == ("staff", "Cảnh báo.", True)
    assert User.objects.get(pk=ung.user.pk).locked_at is not None
    assert case.history.get().history_user == officer
    assert AccessRecord.objects.get().customer == ung.public_id


def test_the_id_of_a_record_that_was_merged_locks_who_stays(client, officer, ung):
    duplicate = make_customer(user=None)
    asked = ask_merge(ung, duplicate=duplicate.public_id, reason="x", by=officer)
    approve_merge(asked, by=make_staff(DPO))

    client.post(f"{LIST}add/", {"customer": duplicate.public_id.upper(), "text": "Cảnh báo."})

    assert UnauthorisedUse.objects.get().customer == ung
    assert User.objects.get(pk=ung.user.pk).locked_at is not None


@pytest.mark.parametrize(
    "data",
    [
        {"customer": "0" * 32, "text": "x"},
        {"customer": "", "text": ""},
        {"customer": "SHORT", "text": "x"},
    ],
)
def test_nobody_is_locked_by_mistake(data, client, officer, ung):
    customer = data["customer"].replace("SHORT", ung.public_id[:8])

    answer = client.post(f"{LIST}add/", {**data, "customer": customer})

    assert answer.status_code == 200
    assert not UnauthorisedUse.objects.exists()


def test_a_reason_is_needed(client, officer, ung):
    assert client.post(f"{LIST}add/", {"customer": ung.public_id, "text": " "}).status_code == 200
    assert User.objects.get(pk=ung.user.pk).locked_at is None


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_others_see_and_do_nothing(role, client, ung):
    case = report(ung)
    client.force_login(make_staff(role))

    for page in ("", "add/", f"{case.pk}/change/", f"{case.pk}/release/", f"{case.pk}/settle/"):
        assert client.get(LIST + page).status_code == 403
        assert client.post(LIST + page, {"finding": "x"}).status_code in (403, 405)
    assert UnauthorisedUse.objects.get().is_open


def test_an_officer_allows_unlocking_and_settles(client, officer, ung):
    case = report(ung, mailbox_unsafe=True)
    proof = {"channel": "counter", "kind": "identity_document", "result": "proved", "reference": ""}

    assert client.get(f"{LIST}{case.pk}/change/").status_code == 200
    client.post(f"{LIST}{case.pk}/release/", {**proof, "result": "not_proved"})
    case.refresh_from_db()
    assert case.released_at is None
    refused = client.post(f"{LIST}{case.pk}/release/", proof)
    assert refused.context["form"].non_field_errors()
    client.post(f"{LIST}{case.pk}/release/", {**proof, "mailbox_is_safe": "on"})
    client.post(f"{LIST}{case.pk}/settle/", {"finding": "Đã đổi mật khẩu."})

    case.refresh_from_db()
    assert case.released_at is not None
    assert (case.state, case.finding) == ("settled", "Đã đổi mật khẩu.")
    assert Notice.objects.filter(template="account_locked").count() == 2


def test_an_officer_chooses_to_remove_a_second_factor(client, officer, ung):
    set_up_app(ung.user)
    case = report(ung, origin="staff", by=officer, text="x")
    proof = {"channel": "counter", "kind": "identity_document", "result": "proved", "reference": ""}

    client.post(f"{LIST}{case.pk}/release/", {**proof, "removes_factor": "on"})

    assert not Authenticator.objects.filter(user=ung.user).exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_asks_no_more_for_more_rows(rows, client, officer, django_assert_num_queries):
    for _ in range(rows):
        report(with_address(make_customer()))
    client.get(LIST)

    with django_assert_num_queries(12):
        client.get(LIST)


def test_sp_2_is_never_called_kept_and_broken_by_an_account_left_open(ung):
    load_profile("speedsms")
    assert answer_of("SP-2")[0] == "not_measured"
    report(ung)
    assert answer_of("SP-2")[0] == "not_measured"

    User.objects.filter(pk=ung.user.pk).update(locked_at=None)

    assert answer_of("SP-2") == ("broken", 1, "customers")


def test_the_page_of_a_customer_leads_to_the_lock(client, officer, ung):
    page = f"/admin/accounts/customer/{ung.pk}/"
    assert f"{page}lock/" in client.get(f"{page}change/").text

    form = client.get(f"{page}lock/", follow=True)

    assert form.context_data["form"]["customer"].value() == ung.public_id
    assert not UnauthorisedUse.objects.exists()
    report(ung)
    assert f"{page}lock/" not in client.get(f"{page}change/").text
    client.force_login(make_staff(AUDITOR))
    assert client.get(f"{page}lock/").status_code == 403
