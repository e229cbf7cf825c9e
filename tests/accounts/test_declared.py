"""Details that the company asks for beside the fixed ones."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.accuracy import confirm_details
from accounts.details import correct_details
from accounts.models import DeclaredValue
from notices.models import Notice
from policies.loading import load_profile
from policies.models import DeclaredField
from privacyportal.roles import DPO
from retention.models import LegalHold
from retention.services import place_hold, release_hold
from tests.answers import answer_of
from tests.clients import initial
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Mai", "phone": "0912345678", "address": "Huế"}


@pytest.fixture
def customer(client):
    load_profile("clever_group")
    customer = make_customer()
    client.force_login(customer.user)
    return customer


@pytest.fixture
def birthday():
    return DeclaredField.objects.create(
        code="birthday", name_vi="Ngày sinh", name_en="Birthday", kind="date"
    )


def save(client, **changes):
    shown = client.get(reverse("edit_details")).context["form"]
    return client.post(reverse("edit_details"), {**initial(shown), **DETAILS, **changes})


def declared(customer):
    return {value.field.code: value.value for value in customer.declared.all()}


def test_what_is_declared_is_shown_changed_and_erased_like_the_fixed_details(client, customer):
    save(client, organisation="Công ty Hoa Sen", job_title="Kế toán")
    assert declared(customer) == {"organisation": "Công ty Hoa Sen", "job_title": "Kế toán"}
    assert "Công ty Hoa Sen" in client.get(reverse("data")).content.decode()
    assert "Công ty Hoa Sen" in client.get(reverse("edit_details")).content.decode()

    save(client, organisation="Công ty Sao Mai", job_title="Kế toán")
    assert declared(customer)["organisation"] == "Công ty Sao Mai"
    assert DeclaredValue.history.count() == 3

    client.post(reverse("erase_detail", args=["organisation"]))
    assert declared(customer) == {"job_title": "Kế toán"}
    assert [row.value for row in DeclaredValue.history.all()] == ["Kế toán"]


def test_all_that_was_declared_is_erased_in_one_step_and_a_neighbours_stays(client, customer):
    neighbour = make_customer()
    for each in (customer, neighbour):
        correct_details(
            each,
            details={name: getattr(each, name) for name in DETAILS},
            declared={"organisation": "A", "job_title": "B"},
            by=each.user,
        )

    client.post(reverse("erase_category", args=["declared"]))

    assert declared(customer) == {}
    assert len(declared(neighbour)) == DeclaredValue.history.count() == 2


def test_the_database_holds_what_was_declared_in_no_readable_form(client, customer):
    save(client, organisation="Bí Mật Quốc Gia")

    with connection.cursor() as cursor:
        for table in ("accounts_declaredvalue", "accounts_historicaldeclaredvalue"):
            cursor.execute(f"SELECT string_agg({table}::text, ' ') FROM {table}")
            assert "Bí Mật" not in cursor.fetchone()[0]


def test_what_is_emptied_in_the_form_is_erased_unless_a_hold_stands(client, customer):
    save(client, organisation="A", job_title="B")
    save(client, organisation="", job_title="B")
    assert [row.value for row in DeclaredValue.history.all()] == ["B"]

    dpo = make_staff(DPO)
    place_hold(customer.public_id, authority="Tòa án", document="1/QĐ", reason="vụ án", by=dpo)
    save(client, organisation="", job_title="")

    assert declared(customer) == {}
    assert {row.value for row in DeclaredValue.history.all()} == {"B"}


def test_what_a_hold_kept_goes_with_the_next_erasure(client, customer):
    save(client, organisation="SECRET", job_title="B")
    dpo = make_staff(DPO)
    hold = place_hold(
        customer.public_id, authority="Tòa án", document="1/QĐ", reason="vụ án", by=dpo
    )
    save(client, organisation="", job_title="B")
    release_hold(hold, reason="xong", by=make_staff(DPO))
    LegalHold.objects.update(released_at=timezone.now() - timedelta(days=2))
    save(client, organisation="khác", job_title="B")

    client.post(reverse("erase_detail", args=["organisation"]))

    assert [row.value for row in DeclaredValue.history.all()] == ["B"]


def test_all_at_once_is_told_by_mail_too(client, customer):
    save(client, organisation="A")
    Notice.objects.all().delete()

    client.post(reverse("erase_category", args=["declared"]))

    assert Notice.objects.get().template == "details_changed"


def test_an_answer_from_before_it_was_a_date_is_shown_as_it_is(client, customer):
    save(client, organisation="bao giờ")
    DeclaredField.objects.filter(code="organisation").update(kind="date")

    assert "bao giờ" in client.get(reverse("data")).content.decode()


def test_a_required_detail_is_asked_for_and_says_why_it_stays(client, customer):
    save(client, organisation="A")
    DeclaredField.objects.filter(code="organisation").update(is_required=True)

    assert "organisation" in save(client, organisation="").context["form"].errors
    client.post(reverse("erase_detail", args=["organisation"]))
    client.post(reverse("erase_category", args=["declared"]))

    assert declared(customer) == {"organisation": "A"}


@pytest.mark.parametrize(
    "day", ["2023-02-29", "0000-00-00", "9999-12-31", "1850-01-01", "2999-01-01", "nonsense"]
)
def test_a_day_that_is_none_of_a_life_is_refused(client, customer, birthday, day):
    assert "birthday" in save(client, birthday=day).context["form"].errors
    assert declared(customer) == {}


@pytest.mark.parametrize("day", ["1990-02-01", "01/02/1990"])
def test_a_day_is_read_as_written_here_and_shown_so(client, customer, birthday, day):
    save(client, birthday=day)

    assert declared(customer) == {"birthday": "1990-02-01"}
    assert "01/02/1990" in client.get(reverse("confirm_details")).content.decode()


def test_a_retired_detail_is_asked_no_more_and_stays_the_customers_to_erase(client, customer):
    save(client, organisation="A")
    DeclaredField.objects.filter(code="organisation").update(retired_on="2026-01-01")

    assert "organisation" not in client.get(reverse("edit_details")).context["form"].fields
    save(client)
    assert declared(customer) == {"organisation": "A"}

    client.post(reverse("erase_detail", args=["organisation"]))
    assert declared(customer) == {}


def test_a_fixed_detail_cannot_be_declared_twice():
    with pytest.raises(IntegrityError), transaction.atomic():
        DeclaredField.objects.create(code="phone", name_vi="a", name_en="a", kind="text")


def test_a_change_is_told_once(client, customer):
    save(client, organisation="A", full_name="Khác")
    assert Notice.objects.filter(template="details_changed").count() == 1


def test_cg_1_asks_for_what_the_company_requires(customer):
    confirm_details(customer)
    assert answer_of("CG-1") == ("kept", 0, "customers")
    DeclaredField.objects.filter(code="organisation").update(is_required=True)
    assert answer_of("CG-1") == ("at_risk", 1, "customers")


def test_cg_6_leaves_nothing_to_stay_that_is_not_required(customer):
    assert answer_of("CG-6") == ("kept", 0, "facts")
