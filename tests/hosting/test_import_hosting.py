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
from retention.purge import purge_closed_accounts
from tests.factories import approve, close_in_the_past, make_customer, make_staff
from tests.hosting.conftest import make_service
from tests.processes import run_apart
from tests.threads import until_somebody_waits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]

HEAD = "external_id,customer,kind,label,host,size_mb,started_on,ended_on"
NONE_LEFT = ", of closed accounts 0\n"
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
    assert report(tmp_path, line(customer)) == (
        f"added 1, changed 0, the same 0{NONE_LEFT}",
        "",
    )
    service = HostedService.objects.get()
    HostedService.objects.update(description="của tôi")
    assert (service.customer, service.size_mb, service.kind) == (customer, 1024, "vps")
    assert service.history.get().history_change_reason == "reported"

    assert report(tmp_path, line(customer)) == (
        f"added 0, changed 0, the same 1{NONE_LEFT}",
        "",
    )
    assert service.history.count() == 1
    today = timezone.localdate()
    ended = line(customer, rest=f",2048,2026-01-05,{today}")
    assert report(tmp_path, ended) == (f"added 0, changed 1, the same 0{NONE_LEFT}", "")
    service.refresh_from_db()
    assert (service.size_mb, service.ended_on, service.description) == (2048, today, "của tôi")


def test_what_is_over_and_unknown_is_not_kept(tmp_path, customer):
    over = line(customer, rest=f",1,,{timezone.localdate()}")
    assert report(tmp_path, over) == (f"added 0, changed 0, the same 1{NONE_LEFT}", "")
    assert not HostedService.objects.exists()


def test_one_wrong_row_and_nothing_is_done_and_each_is_named(tmp_path, customer):
    theirs = make_service(make_customer(), external_id="theirs")
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
        line("nonsense", "9"),
        line(customer, "theirs"),
    )

    assert out == ""
    assert [each.partition(":")[0] for each in err.splitlines()[:-1]] == [
        f"line {number}" for number in range(3, 13)
    ]
    assert "10 faults; nothing was done" in err
    assert HostedService.objects.get() == theirs


def test_who_has_left_keeps_nobody_elses_services_back(tmp_path, customer):
    closed, erased, duplicate = make_customer(), make_customer(), make_customer()
    merge = ask_merge(
        erased, duplicate=duplicate.public_id, reason="cùng người", by=make_staff(DPO)
    )
    approve_merge(merge, by=make_staff(DPO))
    theirs = make_service(closed, external_id="closed")
    close_in_the_past(closed, 0)
    close_in_the_past(erased, 800)
    approve(erased.closing_rule)
    purge_closed_accounts()
    assert not Customer.objects.filter(pk=erased.pk).exists()

    left = [line(closed, "closed"), line(erased, "2"), line(duplicate, "3")]
    out, err = report(tmp_path, *left, line(customer))

    assert (out, err) == ("added 1, changed 0, the same 0, of closed accounts 3\n", "")
    assert set(HostedService.objects.all()) == {theirs, customer.hosted_services.get()}
    assert theirs.history.count() == 1


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
from hosting import imports
imports.BATCH = 2
imports.import_services(Path({!r}).read_bytes())
"""


def test_an_import_that_is_killed_did_whole_batches_and_is_run_again(tmp_path, portal):
    """The process is killed when a row of the second batch waits; nobody of the first one does."""
    done, customer, other = make_customer(), make_customer(), make_customer()
    known = make_service(customer, external_id="last")
    lines = [
        line(customer, "first"),
        line(done, "1"),
        line(customer, "last", label="Mới"),
        line(done, "2"),
    ]
    file = tmp_path / "hosting.csv"
    file.write_text("\n".join([HEAD, *lines]))

    with transaction.atomic():
        make_service(other, external_id="first")  # not committed: the insert waits for it
        process = run_apart(IMPORT.format(str(file)))
        until_somebody_waits()
        assert Customer.objects.select_for_update(nowait=True).get(pk=done.pk) == done
        process.kill()
        process.wait()
        transaction.set_rollback(True)

    assert set(customer.hosted_services.values_list("label")) == {(known.label,)}
    assert done.hosted_services.count() == 2
    out, _err = report(tmp_path, *lines)
    assert out == f"added 1, changed 1, the same 2{NONE_LEFT}"


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
    make_service(
        customer, label="zqvkxwp bí mật", host="zqvkxwp.example.vn", description="zqvkxwp riêng"
    )
    client.force_login(make_staff(COMPLAINT_OFFICER))
    service = HostedService.objects.get()

    for page in (client.get(LIST), client.get(f"{LIST}{service.pk}/change/")):
        assert page.status_code == 200
        assert "zqvkxwp" not in page.text
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

    with django_assert_num_queries(12):
        client.get(LIST)
