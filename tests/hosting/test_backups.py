"""Nothing hosted is backed up without a need and without its customer's yes."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from downstream.models import Order
from downstream.orders import acknowledge
from hosting.backups import answer_backup, ask_backup, order_what_waited
from hosting.exceptions import ServiceRefused
from hosting.imports import import_services
from hosting.models import BackupRequest, HostedService
from hosting.services import correct_service, end_service, erase_service
from notices.models import Notice
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.answers import answer_of
from tests.downstream.conftest import make_system
from tests.factories import make_customer, make_hold, make_staff
from tests.hosting.conftest import make_service

pytestmark = pytest.mark.django_db

NEED = {
    "need_vi": "Nâng cấp máy chủ ngày 5/12.",
    "need_en": "The server is upgraded on 5 December.",
}
KINDS = ["backup", "backup_destruction", "destruction"]


def say(client, service, answer, asked=None):
    asked = asked or service.backup_requests.first()
    address = reverse("answer_backup", args=[service.public_id])
    return client.post(address, {"asked": asked.public_id, "answer": answer}, follow=True)


def answered(service):
    asked = ask_backup(service, **NEED, by=make_staff(COMPLAINT_OFFICER))
    by = service.customer.user
    answer_backup(service, asked=asked.public_id, is_yes=True, by=by)
    return asked


def report(service, is_backed_up=""):
    row = f"{service.external_id},{service.customer.public_id},website,x,{is_backed_up}"
    outcome = import_services(f"external_id,customer,kind,label,is_backed_up\n{row}\n".encode())
    return len(outcome.faults)


def orders():
    return list(Order.objects.order_by("pk").values_list("kind", "state"))


def test_vs_8_nothing_is_backed_up_before_a_yes_nor_after_it_is_taken_back(client, customer):
    make_system(
        name="Hosting", data_categories=["hosted_content"], endpoint="https://h.example.vn/"
    )
    service, staff = make_service(customer, external_id="web-1"), type(client)()
    officer = make_staff(COMPLAINT_OFFICER)
    staff.force_login(officer)
    assert answer_of("VS-8") == ("not_measured", None, "")
    assert (report(service, "maybe"), report(service, "yes")) == (1, 0)
    assert answer_of("VS-8") == ("broken", 1, "services")
    assert "dù bạn chưa đồng ý" in client.get(service.get_absolute_url()).text
    desk = f"/admin/hosting/hostedservice/{service.pk}"
    assert str(service.pk) in staff.get("/admin/hosting/hostedservice/?state=unconfirmed").text

    assert staff.post(f"{desk}/ask_backup/", {**NEED, "need_en": ""}).context_data["form"].errors
    staff.post(f"{desk}/ask_backup/", NEED)

    asked = BackupRequest.objects.get()
    assert (asked.state, asked.asked_by) == ("waiting", officer)
    assert Notice.objects.get(template="backup_asked").recipient == customer.public_id
    assert reverse("hosted_service", args=[service.public_id]) in client.get("/me/").text
    assert NEED["need_vi"] in client.get(service.get_absolute_url()).text
    assert (answer_of("VS-8"), orders()) == (("broken", 1, "services"), [])

    assert "Bạn đã đồng ý" in say(client, service, "yes").text
    say(client, service, "yes")
    assert (answer_of("VS-8"), orders()) == (("kept", 0, "services"), [("backup", "waiting")])
    with pytest.raises(ServiceRefused):
        erase_service(service)

    assert "Bạn đã rút lại" in say(client, service, "no").text
    say(client, service, "no")
    assert orders() == [("backup", "withdrawn"), ("backup_destruction", "waiting")]
    assert answer_of("VS-8")[0] == "kept"
    acknowledge(Order.objects.get(state="waiting"))
    assert answer_of("VS-8") == ("broken", 1, "services")
    report(service, "no")
    assert (answer_of("VS-8"), order_what_waited()) == (("kept", 0, "services"), 0)
    Order.objects.filter(kind="backup_destruction").update(
        state="delivered", acknowledged_at=None, due_on=timezone.localdate() - timedelta(days=1)
    )
    assert answer_of("VS-8") == ("broken", 1, "orders")
    reasons = asked.history.order_by("pk").values_list("history_change_reason", "history_user")
    assert list(reasons) == [
        ("backup asked", officer.pk),
        ("backup confirmed", customer.user.pk),
        ("backup taken back", customer.user.pk),
    ]


def test_nobody_is_asked_twice_and_no_answer_counts_that_is_late_old_or_anothers(client, customer):
    officer, service = make_staff(COMPLAINT_OFFICER), make_service(customer)

    def refused(service):
        with pytest.raises(ServiceRefused):
            ask_backup(service, **NEED, by=officer)
        return True

    assert refused(make_service(customer, ended_on=timezone.localdate()))
    assert refused(make_service(make_customer(user=None)))
    first = ask_backup(service, **NEED, by=officer)
    assert refused(service)
    other = make_customer()
    with pytest.raises(ServiceRefused):
        answer_backup(service, asked="0" * 32, is_yes=True, by=customer.user)
    client.force_login(other.user)
    assert say(client, service, "yes").status_code == 404
    client.force_login(customer.user)
    assert say(client, service, "maybe").status_code == 400
    HostedService.objects.update(ended_on=timezone.localdate())
    assert "Tôi đồng ý cho sao lưu" not in say(client, service, "yes").text
    assert reverse("hosted_service", args=[service.public_id]) not in client.get("/me/").text
    HostedService.objects.filter(pk=service.pk).update(ended_on=None)
    with time_machine.travel(first.answer_by, tick=False):
        with pytest.raises(ServiceRefused):
            answer_backup(service, asked=first.public_id, is_yes=True, by=customer.user)
        assert refused(service)
    first.refresh_from_db()
    assert (first.answer, first.history.count()) == ("", 1)
    with time_machine.travel(first.answer_by + timedelta(days=8), tick=False):
        second = ask_backup(service, **NEED, by=officer)
        with pytest.raises(ServiceRefused):
            answer_backup(service, asked=first.public_id, is_yes=True, by=customer.user)
        answer_backup(service, asked=second.public_id, is_yes=False, by=customer.user)
        with pytest.raises(ServiceRefused):
            answer_backup(service, asked=second.public_id, is_yes=True, by=customer.user)
        assert (service.backup_requests.first().state, refused(service)) == ("refused", True)
    yes = {"answer": "yes", "answered_at": first.asked_at}
    BackupRequest.objects.filter(pk=first.pk).update(**yes)
    with pytest.raises(IntegrityError), transaction.atomic():
        BackupRequest.objects.filter(pk=second.pk).update(answer="yes")


def test_what_a_hold_keeps_is_ordered_to_be_destroyed_after_it(customer):
    make_system(name="Hosting", data_categories=["hosted_content"], kinds=KINDS)
    service, entered = make_service(customer, external_id="web-1"), make_service(customer)
    asked = [answered(each) for each in (service, entered)]
    hold = make_hold(customer)

    for each in asked:
        answer_backup(each.service, asked=each.public_id, is_yes=False, by=customer.user)
    assert (order_what_waited(), orders()) == (0, [("backup", "withdrawn")] * 2)
    HostedService.objects.filter(pk=service.pk).update(is_backed_up=True)
    assert answer_of("VS-8")[0] == "kept"
    make_service(customer, external_id="web-2", is_backed_up=True)
    assert answer_of("VS-8") == ("broken", 1, "services")

    hold.released_by, hold.released_at = make_staff(DPO), timezone.now() - timedelta(days=9)
    hold.save()
    erase_service(entered)
    close_account(customer, by=customer.user)
    assert (order_what_waited(), order_what_waited()) == (1, 0)
    assert orders()[2:] == [("backup_destruction", "task")] * 2


def test_a_yes_is_ordered_once_a_system_takes_it_and_while_service_and_account_go_on(
    client, customer
):
    gone = answered(make_service(customer, external_id="web-1", is_backed_up=False)).service
    said = "Các bản sao lưu đã tạo trong thời gian đó phải được hủy."
    assert said not in say(client, gone, "no").text
    service = answered(make_service(customer)).service
    assert (order_what_waited(), orders()) == (2, [])
    assert answer_of("VS-8") == ("at_risk", 1, "services")
    make_system(name="Hosting", data_categories=["hosted_content"], kinds=KINDS)
    assert (order_what_waited(), order_what_waited()) == (2, 0)
    assert said in client.get(gone.get_absolute_url()).text
    acknowledge(Order.objects.get(kind="backup_destruction"))
    assert answer_of("VS-8") == ("kept", 0, "services")
    Order.objects.filter(kind="backup_destruction").delete()
    BackupRequest.objects.filter(service=gone).delete()
    assert orders() == [("backup", "task")]

    end_service(service, by=customer.user)
    assert (order_what_waited(), orders()) == (0, [("backup", "withdrawn")])
    correct_service(service, {"ended_on": None}, by=customer.user)
    assert (order_what_waited(), orders()[1:]) == (1, [("backup", "task")])
    close_account(customer, by=customer.user)
    assert (order_what_waited(), orders()[1:]) == (0, [("backup", "withdrawn")])
