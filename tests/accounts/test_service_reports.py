"""The hosting system reports ended services; the same file twice does nothing twice."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.consents import decide_consent
from accounts.merging import approve_merge, ask_merge
from accounts.models import AssistedChange, Customer, ServiceEnd, ServiceReport
from common.cards import MASKED
from policies.loading import load_profile
from policies.models import Company, Purpose, StaffAccessMode
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate


@pytest.fixture(autouse=True)
def hosting(db):
    load_profile("vietnam_server")


@pytest.fixture
def customer():
    return make_customer(opened_at=timezone.now() - timedelta(days=100))


def report(tmp_path, *lines, head="customer,ended_on,reason"):
    file = tmp_path / "ended.csv"
    file.write_text("\n".join([head, *lines]), encoding="utf-8-sig")
    out, err = StringIO(), StringIO()
    try:
        call_command("end_services", str(file), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error)
    return out.getvalue(), err.getvalue()


def test_a_reported_end_closes_the_account_and_says_who_said_so(tmp_path, customer):
    out, err = report(tmp_path, f"{customer.public_id},{TODAY()},hết hạn")

    assert (out, err) == ("closed 1, known before 0\n", "")
    customer.refresh_from_db()
    end = customer.service_ends.get()
    assert (customer.closing_cause, end.reason, end.by) == ("service_ended", "hết hạn", None)


def test_a_reported_end_withdraws_what_the_customer_consented_to(tmp_path, customer):
    purpose = Purpose.objects.asking_consent().first()
    decide_consent(customer, purpose, decision="given", by=customer.user)

    out, err = report(tmp_path, f"{customer.public_id},{TODAY()},")

    assert (out, err) == ("closed 1, known before 0\n", "")
    last = customer.consents.last()
    assert (last.decision, last.channel, last.actor) == ("withdrawn", "portal", None)


def test_a_card_number_in_a_reason_is_masked(tmp_path, customer):
    report(tmp_path, f"{customer.public_id},{TODAY()},thẻ 4111 1111 1111 1111")

    assert customer.service_ends.get().reason == f"thẻ {MASKED}"


def test_at_the_desk_too(client, customer):
    Company.objects.update(staff_access_mode=StaffAccessMode.NEED_TO_KNOW)
    client.force_login(make_staff(COMPLAINT_OFFICER))
    page = f"/admin/accounts/customer/{customer.pk}"
    reason = {"reason": "thẻ 4111 1111 1111 1111"}
    proof = {"channel": "counter", "kind": "identity_document", "result": "proved"}

    client.post(f"{page}/end_service/", {"ended_on": TODAY().isoformat(), **reason})
    client.post(f"{page}/reopen/", proof | reason)

    assert customer.service_ends.get().reason == f"thẻ {MASKED}"
    assert AssistedChange.objects.get().reason == f"thẻ {MASKED}"


def test_a_customer_is_known_by_the_id_of_a_record_that_was_merged_too(tmp_path, customer):
    duplicate = make_customer()
    asked = ask_merge(
        customer, duplicate=duplicate.public_id, reason="x", by=make_staff(COMPLAINT_OFFICER)
    )
    approve_merge(asked, by=make_staff(DPO))

    out, err = report(tmp_path, f"{duplicate.public_id},{TODAY()},")

    assert (out, err) == ("closed 1, known before 0\n", "")
    assert customer.service_ends.get().ended_on == TODAY()


def test_the_same_report_again_does_nothing(tmp_path, customer):
    line = f"{customer.public_id},{TODAY()},"
    report(tmp_path, line)
    out, err = report(tmp_path, line)
    assert (out, err) == ("closed 0, known before 1\n", "")
    assert ServiceEnd.objects.count() == 1


def test_a_wrong_line_is_named_and_keeps_no_other_from_being_done(tmp_path, customer):
    closed = make_customer(closed_days_ago=1)
    out, err = report(
        tmp_path,
        "nonsense,2026-01-01,",
        f"{'0' * 32},2026-01-01,",
        f"{customer.public_id},01/02/2026,",
        f"{customer.public_id},{TODAY() + timedelta(days=1)},",
        f"{closed.public_id},{TODAY()},",
        customer.public_id,
        "",
        f"{customer.public_id},{TODAY()},",
    )
    assert out == "closed 1, known before 0\n"
    for number in (2, 3, 4, 5, 6, 7):
        assert f"line {number}: " in err
    assert "6 lines" in err
    assert not Customer.objects.get(pk=customer.pk).is_open


def test_an_empty_report_is_a_report_too(tmp_path):
    report(tmp_path)
    assert (ServiceReport.objects.get().ended, ServiceReport.objects.get().refused) == (0, 0)


@pytest.mark.parametrize("head", ["", "name,day", "customer;ended_on"])
def test_what_is_no_report_is_refused_whole(tmp_path, customer, head):
    _out, err = report(tmp_path, f"{customer.public_id},{TODAY()}", head=head)
    assert "customer" in err
    assert Customer.objects.get(pk=customer.pk).is_open
    assert not ServiceReport.objects.exists()
