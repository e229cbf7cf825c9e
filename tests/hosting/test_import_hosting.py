"""The hosting system reports its list: all of it or nothing, and twice as once."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from accounts.merging import approve_merge, ask_merge
from accounts.models import Customer
from common.cards import MASKED
from hosting.models import HostedService
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_customer, make_staff
from tests.hosting.conftest import make_service
from tests.processes import run_apart
from tests.threads import until_somebody_waits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

HEAD = "external_id,customer,kind,label,host,size_mb,started_on,ended_on"
LIST = "/admin/hosting/hostedservice/"


def line(customer, external_id="vps-1", kind="vps", label="Máy chủ", rest=",1024,2026-01-05,"):
    return f"{external_id},{getattr(customer, 'public_id', customer)},{kind},{label},{rest}"


def report(tmp_path, *lines, head=HEAD):
    file = tmp_path / "hosting.csv"
    file.write_text("\n".join([head, *lines]), encoding="utf-8-sig")
    out, err = StringIO(), StringIO()
    try:
        call_command("import_hosting", str(file), stdout=out, stderr=err)
    except CommandError as error:
        return out.getvalue(), err.getvalue() + str(error)
    return out.getvalue(), err.getvalue()


def test_a_list_adds_changes_and_repeats(tmp_path, customer):
    assert report(tmp_path, line(customer)) == ("added 1, changed 0, the same 0\n", "")
    service = HostedService.objects.get()
    HostedService.objects.update(description="của tôi")
    assert (service.customer, service.size_mb, service.kind) == (customer, 1024, "vps")
    assert service.history.get().history_change_reason == "reported"

    assert report(tmp_path, line(customer)) == ("added 0, changed 0, the same 1\n", "")
    assert service.history.count() == 1
    today = timezone.localdate()
    ended = line(customer, rest=f",2048,2026-01-05,{today}")
    assert report(tmp_path, ended) == ("added 0, changed 1, the same 0\n", "")
    service.refresh_from_db()
    assert (service.size_mb, service.ended_on, service.description) == (2048, today, "của tôi")


def test_what_is_over_and_unknown_is_not_kept(tmp_path, customer):
    over = line(customer, rest=f",1,,{timezone.localdate()}")
    assert report(tmp_path, over) == ("added 0, changed 0, the same 1\n", "")
    assert not HostedService.objects.exists()


def test_one_wrong_row_and_nothing_is_done_and_each_is_named(tmp_path, customer):
    theirs = make_service(make_customer(), external_id="theirs")
    closed = make_customer(closed_days_ago=1)
    out, err = report(
        tmp_path,
        line(customer, "good"),
        line(customer, ""),
        line(customer, "good"),
        line(customer, "3", kind="castle"),
        line(customer, "4", label=""),
        line(customer, "5", rest=",-1,,"),
        line(customer, "6", rest=",,2026-02-30,"),
        line(customer, "7", rest=f",,,{timezone.localdate() + timedelta(days=1)}"),
        line("0" * 32, "8"),
        line(closed, "9"),
        line("nonsense", "10"),
        line(customer, "theirs"),
    )

    assert out == ""
    assert [each.partition(":")[0] for each in err.splitlines()[:-1]] == [
        f"line {number}" for number in range(3, 14)
    ]
    assert "11 faults; nothing was done" in err
    assert HostedService.objects.get() == theirs


@pytest.mark.parametrize("head", ["", "a,b", HEAD + ",label", "external_id;kind;label"])
def test_what_is_no_list_is_refused_whole(head, tmp_path, customer):
    assert report(tmp_path, line(customer), head=head)[1]
    assert not HostedService.objects.exists()


def test_card_numbers_are_masked_in_a_list_too(tmp_path, customer):
    report(tmp_path, line(customer, label="4111 1111 1111 1111"))
    assert HostedService.objects.get().label == MASKED


def test_the_ids_of_records_that_became_another_are_still_known(tmp_path, customer):
    duplicates = [make_customer(), make_customer()]
    for duplicate in duplicates:
        merge = ask_merge(
            customer, duplicate=duplicate.public_id, reason="cùng người", by=make_staff(DPO)
        )
        approve_merge(merge, by=make_staff(DPO))

    known = [*duplicates, customer]
    report(tmp_path, *(line(each, f"vps-{n}") for n, each in enumerate(known)))

    assert set(HostedService.objects.values_list("customer", flat=True)) == {customer.pk}
    assert HostedService.objects.count() == 3


IMPORT = """
from pathlib import Path
from hosting.imports import import_services
import_services(Path({!r}).read_bytes())
"""


def test_an_import_that_is_killed_did_nothing_and_is_run_again(tmp_path, portal):
    """The process is killed when its first rows are written and a later one waits."""
    customer, other = make_customer(), make_customer()
    known = make_service(customer, external_id="last")
    lines = [line(customer, "first"), line(customer, "last", label="Mới")]
    file = tmp_path / "hosting.csv"
    file.write_text("\n".join([HEAD, *lines]))

    with transaction.atomic():
        make_service(other, external_id="first")  # not committed: the insert waits for it
        process = run_apart(IMPORT.format(str(file)))
        until_somebody_waits()
        process.kill()
        process.wait()
        transaction.set_rollback(True)

    assert HostedService.objects.get() == known
    assert report(tmp_path, *lines) == ("added 1, changed 1, the same 0\n", "")


class TestTheLastService:
    @pytest.fixture
    def left(self, tmp_path, customer):
        ended = line(customer, rest=f",,,{timezone.localdate()}")
        report(tmp_path, line(customer))
        report(tmp_path, ended)
        return HostedService.objects.get()

    def test_is_offered_to_staff_and_closes_nothing_by_itself(self, client, left):
        client.force_login(make_staff(DPO))

        figures = client.get("/admin/").context_data["figures"]
        (link,) = [each.link for each in figures if "hostedservice" in each.link]
        rows = client.get(link).context_data["cl"].result_list
        step = client.get(f"{LIST}{left.pk}/end_account/")

        assert list(rows) == [left]
        assert step.url == f"/admin/accounts/customer/{left.customer_id}/end_service/"
        assert client.get(step.url).status_code == 200
        assert Customer.objects.get(pk=left.customer_id).is_open

    def test_is_not_offered_while_another_one_runs(self, client, customer, left):
        make_service(customer)
        client.force_login(make_staff(DPO))

        figures = client.get("/admin/").context_data["figures"]

        assert [each for each in figures if "hostedservice" in each.link] == []
        assert client.get(f"{LIST}{left.pk}/end_account/").status_code == 403


def test_the_desk_sees_what_kind_and_no_name(client, customer):
    make_service(customer, label="zq bí mật", host="zq.example.vn", description="zq riêng")
    client.force_login(make_staff(COMPLAINT_OFFICER))
    service = HostedService.objects.get()

    for page in (client.get(LIST), client.get(f"{LIST}{service.pk}/change/")):
        assert page.status_code == 200
        assert "zq" not in page.text
        assert "•••" in page.text
    client.force_login(make_staff(ADMINISTRATOR))
    assert client.get(LIST).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_desks_list_asks_no_more_for_more_rows(
    number, client, customer, django_assert_num_queries
):
    for _ in range(number):
        make_service(customer)
    client.force_login(make_staff(DPO))
    client.get(LIST)

    with django_assert_num_queries(11):
        client.get(LIST)
