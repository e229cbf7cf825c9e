import io
import math
import wave
from array import array
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.crypto import get_random_string

from access.models import AccessAction
from access.reasons import AccessReason
from access.roles import ADMINISTRATOR, COMPLAINT_OFFICER, DPO
from access.services import record_access
from accounts.approvals import ask_approval, asks_customers_first
from accounts.closed_pages import address_of
from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.models import ConsentDecision, Customer, Engagement, User
from accounts.models.approvals import GrantHours
from accounts.registration import register_customer
from calls.models import CallDirection, CallRecording
from calls.services import Call, add_recording, purposes_of_recording
from casework.judging import classify_case
from casework.services import write_to_customer
from common.history import save_as
from common.personal_data import DataCategory
from common.tokens import new_public_id
from complaints.intake import file_complaint
from complaints.models import Complaint, ComplaintCategory, Outcome
from complaints.services import decide_complaint, resolve_complaint, verify_complaint
from downstream.models import OF_HOSTING
from downstream.systems import save_system
from enquiries.models import Enquiry
from enquiries.services import confirm_enquiry, send_enquiry
from hosting.backups import ask_backup
from hosting.models import HostedService, ServiceKind
from hosting.services import add_service
from notices.models import Notice, NoticeState
from policies.categories import is_dealt_with
from policies.models import PolicyText, PolicyVersion, Purpose
from policies.retention import kept_until, rule_after_closing
from staff.undertakings import current_text, sign_undertaking

DOMAIN = "example.com"
STAFF = (
    ("officer", "Lê Thu Hà", COMPLAINT_OFFICER),
    ("dpo", "Phạm Minh Đức", DPO),
    ("dpo2", "Trần Bảo Anh", DPO),
    ("admin", "Võ Quang Huy", ADMINISTRATOR),
)
CUSTOMERS = (
    ("customer", "Nguyễn Văn Ưng", "+84912345560", "12 Lê Lợi, Huế"),
    ("binh", "Đỗ Thị Bình", "+84987654321", "5 Trần Phú, Đà Nẵng"),
    ("khanh", "Hoàng Khánh", "+84903111222", "88 Nguyễn Huệ, TP. Hồ Chí Minh"),
)
COMPLAINTS = (  # whose, and how many days ago
    (0, ComplaintCategory.INACCURATE, "Địa chỉ trên hóa đơn không phải của tôi.", 6),
    (0, ComplaintCategory.SHARED, "Một công ty lạ gọi cho tôi và biết tôi vừa đặt hàng.", 2),
    (
        1,
        ComplaintCategory.MARKETING,
        "Tôi đã từ chối quảng cáo mà tuần này vẫn nhận ba tin nhắn.",
        20,
    ),
    (2, ComplaintCategory.OTHER, "Tôi muốn biết dữ liệu của tôi được lưu ở đâu.", 1),
)

QUESTION = "Bạn cho biết giúp địa chỉ đúng, và số của hóa đơn in sai."
ANSWER = {
    "cause": "Nhân viên bán hàng gửi nhầm danh sách đơn hàng cho một đối tác đã hết hợp đồng.",
    "finding": "Nhật ký gửi tệp xác nhận: tệp có tên và số điện thoại của bạn.",
    "solution": "Đối tác đã xóa tệp và xác nhận bằng văn bản; quyền gửi tệp đã bị thu hồi.",
    "remedy": "Chúng tôi xin lỗi bạn và hoàn phí dịch vụ tháng này.",
    "next_steps": "Nếu còn cuộc gọi lạ, bạn viết cho chúng tôi ngay tại trang này.",
    "lesson": "Danh sách người nhận tệp được rà soát mỗi tháng.",
}


class Command(BaseCommand):
    help = (
        "Create sample people to try the portal with, and print their logins. "
        "Where they exist already, nothing is done. Never for a portal that real people use."
    )

    def handle(self, **options: Any) -> None:
        if not User.objects.filter(email=f"admin@{DOMAIN}").exists():  # staff never leave
            self._create()
        _record_calls()  # their files are stored outside of every transaction

    @transaction.atomic
    def _create(self) -> None:
        password, secret = get_random_string(12), generate_totp_secret()
        hashed = make_password(password)  # once: it is slow on purpose
        staff = {name: _staff(name, full, role, hashed, secret) for name, full, role in STAFF}
        with translation.override("vi"):
            customers = [_customer(*person, hashed) for person in CUSTOMERS]
            old = _customer("old", "Bùi Cũ", "+84905000111", "1 Hùng Vương", hashed)
            _make_cases(customers, staff["officer"])
            enquiry = _ask_a_question()
            _host(customers[0], staff["officer"], staff["admin"])
            _ask_to_see(customers[0], staff["officer"])
            _close_long_ago(old)
        _drop_mails([*staff.values(), *customers, old, enquiry])
        self._print(password, secret, old)

    def _print(self, password: str, secret: str, closed: Customer) -> None:
        for who, name in (
            ("customer", "customer"),
            ("complaint officer", "officer"),
            ("data protection officer", "dpo"),
            ("a second one", "dpo2"),
            ("administrator", "admin"),
        ):
            self.stdout.write(f"{who:<24} {name}@{DOMAIN}")
        self.stdout.write(f"{'password of each':<24} {password}")
        self.stdout.write(f"{'key of the staff for an authenticator app':<24} {secret}")
        self.stdout.write("or, for the code of the moment: make manage ARGS=sample_code")
        self.stdout.write(
            f"{'page of an account closed long ago':<24} {address_of(closed.public_id)}"
        )


def _staff(name: str, staff_name: str, role: str, hashed: str, secret: str) -> User:
    user = _user(name, hashed, is_staff=True, staff_name=staff_name, engagement=Engagement.EMPLOYEE)
    user.groups.add(Group.objects.get(name=role))
    if role != ADMINISTRATOR and (text := current_text()):  # who sees no data signs nothing
        sign_undertaking(user, number=text.number, name=staff_name, language="vi")
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return user


def _customer(name: str, full_name: str, phone: str, address: str, hashed: str) -> Customer:
    text = PolicyText.objects.get(version=PolicyVersion.objects.current(), language="vi")
    customer = register_customer(
        _user(name, hashed),
        details={"full_name": full_name, "phone": phone, "address": address},
        accepted=text,
        agreed_to=Purpose.objects.asking_consent()[:1],
    )
    Customer.objects.filter(pk=customer.pk).update(opened_at=timezone.now() - timedelta(days=60))
    return customer


def _user(name: str, hashed: str, **fields: Any) -> User:
    user = User.objects.create(email=f"{name}@{DOMAIN}", password=hashed, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _make_cases(customers: Sequence[Customer], officer: User) -> None:
    """File complaints: the first waits for its customer, the second is answered, two are new."""
    asked, answered, *_new = (
        _file(customers[whose], category, text, days) for whose, category, text, days in COMPLAINTS
    )
    classify_case(asked, severity="medium", complexity="ordinary", by=officer)
    verify_complaint(asked, by=officer)
    write_to_customer(asked, text=QUESTION, is_question=True, by=officer)
    _answer(answered, officer)
    record_access(
        by=officer,
        action=AccessAction.OPEN,
        customer=customers[0].public_id,
        purpose="complaint_handling",
        case_reference=asked.reference,
        field_groups=[DataCategory.COMPLAINT],
    )


def _answer(complaint: Complaint, officer: User) -> None:
    classify_case(complaint, severity="low", complexity="simple", by=officer)
    verify_complaint(complaint, by=officer)
    decided = {name: ANSWER[name] for name in ("cause", "finding")}
    decide_complaint(complaint, outcome=Outcome.UPHELD, **decided, by=officer)
    resolve_complaint(complaint, answer=ANSWER, by=officer)


def _file(customer: Customer, category: str, text: str, days_ago: int) -> Complaint:
    return file_complaint(
        customer,
        category=category,
        text=text,
        submission=new_public_id(),
        by=_sign_in_of(customer),
        received_at=timezone.now() - timedelta(days=days_ago),
    )


def _ask_a_question() -> Enquiry:
    """Leave a question of somebody who has no account, to be answered."""
    enquiry = send_enquiry(
        name="Ngô Thảo",
        email=f"thao@{DOMAIN}",
        phone="+84905222333",
        message="Công ty giữ số điện thoại của tôi trong bao lâu sau khi tôi ngừng dùng dịch vụ?",
        submission=new_public_id(),
        language="vi",
    )
    return confirm_enquiry(enquiry.public_id)


def _host(customer: Customer, officer: User, admin: User) -> None:
    """Leave two services where the company hosts, and a hosting system whose orders a person
    carries out; one service that system reports, and the customer is asked whether it may be backed
    up."""
    if not is_dealt_with(DataCategory.HOSTED_CONTENT):
        return
    values = {
        "name": "Hệ thống hosting",
        "data_categories": [DataCategory.HOSTED_CONTENT.value],
        "kinds": [kind.value for kind in OF_HOSTING],
        "days": 7,
        "contact": "Tổ vận hành máy chủ",
        "responsible": officer,
    }
    save_system(None, values=values, purposes=[], by=admin)
    since = timezone.localdate() - timedelta(days=50)
    reported = HostedService(
        customer=customer,
        kind=ServiceKind.VPS,
        label="VPS Huế 1",
        host="vps1.example.com",
        size_mb=40_960,
        started_on=since,
        external_id="vps-1",
        is_backed_up=False,
    )
    save_as(reported, by=None, reason="reported")
    ask_backup(
        reported,
        need_vi="Máy chủ được nâng cấp vào tháng tới; nếu hỏng, dữ liệu trên đó có thể mất.",
        need_en="The server is upgraded next month; if that fails, what is on it may be lost.",
        by=officer,
    )
    add_service(
        customer,
        {
            "kind": ServiceKind.WEBSITE,
            "label": "Trang bán hàng",
            "host": "shop.example.com",
            "started_on": since,
            "description": "Phục vụ cửa hàng ở Huế.",
        },
        by=_sign_in_of(customer),
    )


def _drop_mails(people: Iterable[User | Customer | Enquiry]) -> None:
    """Send nothing to these people, who do not exist; everybody else's mail goes out."""
    theirs = Q(recipient__in=[each.public_id for each in people])
    waiting = Notice.objects.filter(theirs | Q(address__endswith=f"@{DOMAIN}"))
    waiting.filter(state=NoticeState.QUEUED).update(state=NoticeState.DROPPED)


def _record_calls() -> None:
    """Leave a call in each direction, two tones, where the company records calls."""
    customer = Customer.objects.open().filter(email=f"{CUSTOMERS[0][0]}@{DOMAIN}").first()
    purpose = next(iter(purposes_of_recording()), None)
    if customer is None or purpose is None or CallRecording.objects.of(customer).exists():
        return
    if purpose.asks_consent:
        decide_consent(customer, purpose, decision=ConsentDecision.GIVEN, by=_sign_in_of(customer))
    for direction, pitch, seconds in ((CallDirection.IN, 440, 4), (CallDirection.OUT, 330, 7)):
        call = Call(direction, timezone.now(), timedelta(seconds=seconds), purpose, customer.phone)
        add_recording(customer, call, _tone(pitch, seconds), by=None)


def _tone(pitch: int, seconds: int) -> io.BytesIO:
    """Return a recording (WAV) of a tone of so many hertz."""
    rate, loudness = 8000, 8000
    turns = (2 * math.pi * pitch * sample / rate for sample in range(seconds * rate))
    samples = array("h", (round(loudness * math.sin(turn)) for turn in turns))
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, samples.itemsize, rate, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    sound.seek(0)
    return sound


def _ask_to_see(customer: Customer, officer: User) -> None:
    """Leave a question of staff for the customer to answer, where the company asks first."""
    if asks_customers_first():
        ask_approval(
            customer,
            purpose=Purpose.objects.active().get(code="rights_and_complaints"),
            groups=[DataCategory.CONTACT],
            hours=GrantHours.FOUR,
            reason=AccessReason.CORRECTION,
            by=officer,
        )


def _close_long_ago(customer: Customer) -> None:
    """Leave one account that is due for the purge."""
    close_account(customer, by=_sign_in_of(customer))
    days = timedelta(days=400)
    Customer.objects.filter(pk=customer.pk).update(
        opened_at=customer.opened_at - 2 * days,
        closed_at=timezone.now() - days,
        grace_until=None,
        kept_until=kept_until(rule_after_closing(timezone.localdate()), timezone.now() - days),
    )


def _sign_in_of(customer: Customer) -> User:
    return User.objects.get(customer=customer)
