"""Rows for tests, made the way people make them where that is quick."""

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.files import file_key
from accounts.models import ClosingCause, Customer, Engagement, User
from accounts.phone import send_code, verify_code
from casework.clocks import start_clocks
from casework.models import CaseKind, Evidence, evidence_path
from common.files import open_stored, store_sealed
from complaints import services
from complaints.intake import CLOCKS
from complaints.models import ANSWER, Complaint, ComplaintCategory, ComplaintState, Outcome
from notices import sms
from notices.services import send_due_notices
from policies.clocks import the_company
from policies.models import PolicyVersion, RetentionRule, Significance
from policies.publishing import mark_published, save_draft
from policies.retention import kept_until, rule_after_closing
from retention.models import LegalHold, PurgeApproval
from staff.models import Undertaking
from staff.undertakings import current_text, digest_of, publish_text

PASSWORD = "correct horse battery"
WHOLE_ANSWER = {name: f"{name}." for name in ANSWER}

_number = count(1)


def make_user(**kwargs: Any) -> User:
    kwargs.setdefault("email", f"user{next(_number)}@example.com")
    kwargs.setdefault("password", PASSWORD)
    return User.objects.create_user(**kwargs)


def make_staff(role: str = "", *, signed: bool = True, **kwargs: Any) -> User:
    """A member of staff; ``role`` is one of privacyportal.roles, or none.

    With ``signed`` they have signed the undertaking of confidentiality.
    """
    kwargs.setdefault("staff_name", f"{role} {next(_number)}")
    kwargs.setdefault("engagement", Engagement.EMPLOYEE)
    user = make_user(is_staff=True, **kwargs)
    if role:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    if signed:
        make_undertaking(user)
    return user


def make_undertaking(member: User, **kwargs: Any) -> Undertaking:
    """One that binds ``member`` for 300 days."""
    text = current_text() or publish_text(body_vi="Lời.", body_en="Words.", by=None)
    today = timezone.localdate()
    kwargs = {
        "language": "vi",
        "typed_name": member.staff_name or "Root",
        "signed_at": timezone.now() - timedelta(days=65),
        "valid_until": today + timedelta(days=300),
        **kwargs,
    }
    undertaking = Undertaking(member=member, text=text, **kwargs)
    undertaking.sha256 = digest_of(undertaking)
    undertaking.save()
    return undertaking


def make_customer(**kwargs: Any) -> Customer:
    """An open account; with ``closed_days_ago`` a closed one that cannot sign in.

    With ``is_verified`` the address was proved.
    """
    number = next(_number)
    is_verified = kwargs.pop("is_verified", False)
    kwargs.setdefault("full_name", "Nguyễn Văn Ưng")
    kwargs.setdefault("email", f"customer{number}@example.com")
    kwargs.setdefault("phone", f"+8491{number:07d}")
    kwargs.setdefault("address", f"{number} Trần Phú, Huế")
    kwargs.setdefault("declared_at", timezone.now())
    days = kwargs.pop("closed_days_ago", None)
    if days is not None:
        kwargs["closed_at"] = timezone.now() - timedelta(days=days)
    if closed_at := kwargs.get("closed_at"):
        kwargs.setdefault("opened_at", closed_at - timedelta(days=100))
        kwargs.setdefault("closing_rule", rule_after_closing(timezone.localdate()))
        kwargs.setdefault("kept_until", kept_until(kwargs["closing_rule"], closed_at))
        kwargs.setdefault("closing_cause", ClosingCause.CUSTOMER)
    if "user" not in kwargs:
        kwargs["user"] = make_user(email=kwargs["email"], is_active=closed_at is None)
    if is_verified:
        EmailAddress.objects.create(
            user=kwargs["user"], email=kwargs["email"], verified=True, primary=True
        )
    return Customer.objects.create(**kwargs)


def verify_phone(customer: Customer) -> None:
    """Let the customer verify their number by the code of a message."""
    send_code(customer)
    send_due_notices()
    code = re.search(r"\d{6}", sms.outbox[-1].text)
    assert code is not None
    assert verify_code(customer, code.group())


def make_complaint(**kwargs: Any) -> Complaint:
    """A complaint with its clocks; closed ones have none running, resolved ones an answer."""
    kwargs.setdefault("customer", None)
    kwargs["customer"] = kwargs["customer"] or make_customer()
    kwargs.setdefault("category", ComplaintCategory.MARKETING)
    kwargs.setdefault("text", "Tôi vẫn nhận quảng cáo.")
    if kwargs.get("state") == ComplaintState.RESOLVED:
        answered = {"outcome": Outcome.UPHELD, "answered_at": kwargs.get("closed_at")}
        kwargs = {**answered, **WHOLE_ANSWER, **kwargs}
    complaint = Complaint.objects.create(kind=CaseKind.COMPLAINT, **kwargs)
    if complaint.is_open:
        start_clocks(complaint, CLOCKS)
        complaint.save(update_fields=["late_from"])
    return complaint


def decide(complaint: Complaint, *, by: User, outcome: str = Outcome.UPHELD) -> Complaint:
    """Verify a complaint and decide on it: the answer can follow."""
    services.verify_complaint(complaint, by=by)
    services.decide_complaint(complaint, outcome=outcome, cause="cause.", finding="finding.", by=by)
    return complaint


def answer(complaint: Complaint, *, by: User, reveals_nothing: bool = False, **parts: str) -> None:
    parts = {**WHOLE_ANSWER, **parts}
    services.resolve_complaint(complaint, answer=parts, reveals_nothing=reveals_nothing, by=by)


def make_evidence(complaint: Complaint, **kwargs: Any) -> Evidence:
    content = kwargs.pop("content", b"%PDF-1.4 evidence")
    evidence = Evidence(
        case=complaint,
        name=kwargs.pop("name", "thu.pdf"),
        content_type="application/pdf",
        size=len(content),
        sha256="0" * 64,
        **kwargs,
    )
    evidence.file.name = evidence_path(evidence, evidence.name)
    store_sealed(evidence.file.name, content, key=file_key(complaint.customer))
    evidence.save()
    return evidence


def content_of(evidence: Evidence) -> bytes:
    """What a download of the evidence gives."""
    owner = evidence.case.customer.public_id
    with open_stored(str(evidence.file), owner=owner) as stored:
        return stored.read()


def make_hold(customer: Customer, **kwargs: Any) -> LegalHold:
    kwargs.setdefault("placed_by", make_user(is_staff=True))
    return LegalHold.objects.create(
        customer=customer, authority="Tòa án", document="12/QĐ", reason="Điều tra", **kwargs
    )


def approve(rule: RetentionRule) -> PurgeApproval:
    return PurgeApproval.objects.create(rule=rule, approved_by=make_user(is_staff=True))


def close_in_the_past(customer: Customer, days: int) -> None:
    """Let the account have been closed that long ago, under the rule of today."""
    customer.closed_at = timezone.now() - timedelta(days=days)
    customer.opened_at = customer.closed_at - timedelta(days=9)
    customer.closing_rule = rule_after_closing(timezone.localdate())
    customer.kept_until = kept_until(customer.closing_rule, customer.closed_at)
    Customer.objects.filter(pk=customer.pk).update(
        closed_at=customer.closed_at,
        opened_at=customer.opened_at,
        closing_rule=customer.closing_rule,
        kept_until=customer.kept_until,
        closing_cause=ClosingCause.CUSTOMER,
        grace_until=None,
    )


def make_policy_version(
    number: str,
    *,
    effective_in_days: int = 0,
    published_days_ago: int = 0,
    significance: Significance = Significance.SIGNIFICANT,
    texts: Mapping[str, str] | None = None,
) -> PolicyVersion:
    """A published version of the company, which takes effect after all others.

    Negative days lie on the other side of today. Publication moves back as far as the promised
    notice needs. ``texts`` by language; without them both are short and name the number.
    """
    version = make_policy_draft(number, significance=significance, texts=texts)
    notice_days = the_company().notice_period_days
    published_days_ago = max(published_days_ago, notice_days - effective_in_days)
    mark_published(
        version,
        at=timezone.now() - timedelta(days=published_days_ago),
        notice_days=notice_days,
        effective_on=timezone.localdate() + timedelta(days=effective_in_days),
        by=version.history.first().history_user,
    )
    return version


def make_policy_draft(
    number: str,
    *,
    significance: Significance = Significance.SIGNIFICANT,
    texts: Mapping[str, str] | None = None,
) -> PolicyVersion:
    return save_draft(
        None,
        number=number,
        significance=significance,
        summary={"vi": f"Thay đổi của bản {number}.", "en": f"Changes of version {number}."},
        texts=texts
        or {
            "vi": f"# Chính sách\n\n## 1. Phạm vi\n\nBản {number} áp dụng cho bạn.",
            "en": f"# Policy\n\n## 1. Scope\n\nVersion {number} applies to you.",
        },
        by=make_user(is_staff=True),
    )
