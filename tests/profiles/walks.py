"""Ways through the portal that every profile is taken along, each through a door."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.models import Customer
from common.personal_data import DataCategory
from common.tokens import new_public_id
from complaints.models import Complaint
from policies.loading import load_profile
from policies.models import (
    Language,
    PolicyVersion,
    Purpose,
    Recipient,
    RecipientKind,
    RetentionRule,
    TimeLimitKind,
)
from policies.profile_files import PROFILES
from policies.publishing import publish_version
from policies.registers import save_recipient
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from retention.preview import preview_purge
from tests.clients import PortalClient
from tests.factories import PASSWORD, make_customer, make_policy_draft, make_staff

TODAY = date(2026, 12, 1)  # a Tuesday
DETAILS = {
    "full_name": "Trần Thị Mai",
    "email": "mai@example.com",
    "phone": "0912 345 678",
    "address": "1 Lê Lợi, Huế",
}


def on(day: date) -> time_machine.travel:
    """Let it be ten in the morning of that day in Viet Nam."""
    return time_machine.travel(datetime(day.year, day.month, day.day, 3, tzinfo=UTC), tick=False)


def at_company(profile: str):
    """Serve the company from TODAY on: the body of each module's ``company`` fixture."""
    with on(TODAY):
        load_profile(profile)
        yield


def says(profile: str, words: Mapping[str, str]) -> bool:
    """Say whether the policy as published has these words, by language."""
    version = PolicyVersion.objects.current()
    shipped = {code: (PROFILES / f"{profile}.{code}.md").read_text("utf-8") for code in words}
    published = {text.language: text.body for text in version.texts.all()}
    return set(words) == set(Language.values) and all(
        _flat(words[code]) in _flat(text[code]) for text in (shipped, published) for code in words
    )


def last_day_of_complaint(day: date) -> date:
    """File a complaint by the form on that day; return the last day that the company promises."""
    with on(day):
        customer = make_customer()
        client = PortalClient()
        client.force_login(customer.user)
        form = {"submission": new_public_id(), "category": "marketing", "text": "Vẫn bị làm phiền."}
        response = client.post(reverse("file_complaint"), form)
        assert response.status_code == 302
        complaint = Complaint.objects.get(customer=customer)
        clock = complaint.clocks.get(
            limit__kind=TimeLimitKind.COMPLAINT_COMPLETION, limit__family="promise"
        )
        assert f"{clock.last_day:%d/%m/%Y}" in client.get(response.url).content.decode()
    return clock.last_day


def closed_account(*, waives_grace: bool = False) -> Customer:
    customer = make_customer()
    close_account(customer, by=customer.user, waives_grace=waives_grace)
    return customer


def due_on(day: date, rule: RetentionRule) -> int:
    """Return how many customers the purge would erase under the rule on that day."""
    with on(day):
        return preview_purge(rule).due


def publish(number: str, *, effective_in_days: int) -> PolicyVersion:
    """Publish a significant version today, the way the DPO does."""
    draft = make_policy_draft(number)
    publish_version(
        draft,
        effective_on=timezone.localdate() + timedelta(days=effective_in_days),
        compared={text.language: text.sha256 for text in draft.texts.all()},
        by=make_staff(DPO),
    )
    return draft


def add_recipient(
    kind: RecipientKind = RecipientKind.PROCESSOR,
    category: DataCategory = DataCategory.CONTACT,
) -> Recipient:
    """Enter a recipient into the register by its service."""
    purpose = Purpose.objects.active().filter(data_categories__contains=[category]).first()
    return save_recipient(
        None,
        values=_recipient(kind, category) | {"code": f"new_{kind}"},
        purposes=[purpose] if purpose else [],
        by=make_staff(DPO),
    )


def force_recipient(
    kind: RecipientKind = RecipientKind.PROCESSOR,
    category: DataCategory = DataCategory.CONTACT,
) -> Recipient:
    """Write a recipient past all services, so that only the database can object."""
    return Recipient.objects.create(**_recipient(kind, category), code=f"forced_{kind}")


def fields_missing_at_sign_up(*left_out: str) -> set[str]:
    """Send the sign-up form without these details; return which fields it then complains of."""
    client = PortalClient()
    page = client.get(reverse("account_signup"))
    details = {name: value for name, value in DETAILS.items() if name not in left_out}
    answer = client.post(
        reverse("account_signup"),
        {
            **details,
            "password1": PASSWORD,
            "accept_policy": "on",
            "shown": page.context["form"]["shown"].value(),
        },
    )
    if answer.status_code == 302:
        assert Customer.objects.filter(email=DETAILS["email"]).exists()
        return set()
    assert not Customer.objects.filter(email=DETAILS["email"]).exists()
    return set(answer.context["form"].errors)


def staff_may_reveal() -> bool:
    """Let an officer ask to see a customer's details; return whether they are shown."""
    customer = make_customer(full_name="Trần Thị Hoa", address="5 Lê Lợi, Huế")
    purpose = Purpose.objects.active().get(code="rights_and_complaints")
    officer = PortalClient()
    officer.force_login(make_staff(COMPLAINT_OFFICER))
    page = officer.post(
        f"/admin/accounts/customer/{customer.pk}/reveal/",
        {"purpose": purpose.code, "groups": ["contact"], "reason": "rights"},
    )
    shown = {value in page.text for value in (customer.full_name, customer.address)}
    assert len(shown) == 1, "either all of it or nothing"
    return shown == {True}


def _recipient(kind: RecipientKind, category: DataCategory) -> dict[str, object]:
    return {
        "name_vi": "Bên nhận mới",
        "name_en": "New recipient",
        "kind": kind,
        "description_vi": "Nhận dữ liệu.",
        "description_en": "Receives data.",
        "country": "VN",
        "cross_border": False,
        "data_categories": [category],
    }


def _flat(text: str) -> str:
    """Leave out marks and line ends, so that words are found across lines."""
    return " ".join(text.replace("*", "").split())
