"""Consent receipts: what the ledger says of one decision, signed, in the terms of ISO/IEC TS 27560.

Nothing is stored. A receipt is made from its line whenever it is asked for, with the registers
as they were at that moment; what is signed verifies without the portal's rows, so also after
the customer is erased. The customer is named by public id alone.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Consent, ConsentDecision, Customer, EventChannel
from common.documents import (
    Content,
    Document,
    Fact,
    Section,
    document_kind,
    in_language,
    issue,
    name_of,
    said_moment,
)
from common.personal_data import DataCategory
from policies.as_of import company_at, purpose_at, recipients_at
from policies.counting import local_day
from policies.document_parts import (
    CONTROLLER,
    controller_section,
    party_of,
    period_facts,
    period_under,
)
from policies.exceptions import NotConfigured
from policies.models import Company, LegalBasis, Recipient, RecipientKind, TimeLimitKind
from policies.retention import rule_after_closing

KIND = "consent-receipt"
SCHEMA = "ISO/IEC TS 27560:2023; portal 1"
RIGHTS = [
    TimeLimitKind.RIGHTS_WITHDRAW,
    TimeLimitKind.RIGHTS_ACCESS,
    TimeLimitKind.RIGHTS_DELETE,
    TimeLimitKind.RIGHTS_PROTECT,
]


def record_of(consent: Consent) -> str:
    """Name a line of the ledger for outside: the name follows from it and cannot be guessed.

    The public id in it has 128 random bits, and no purpose is decided twice at one instant.
    """
    moment = f"{consent.at.timestamp():.6f}"
    line = (consent.customer.public_id, consent.purpose.code, consent.decision, moment)
    return sha256(" ".join(line).encode()).hexdigest()[:32]


def find_line(customer: Customer, record: str) -> Consent | None:
    """Return the line of that name in the customer's own ledger."""
    ledger = customer.consents.select_related("purpose", "policy_version")
    return next((line for line in ledger.iterator() if record_of(line) == record), None)


def issue_consent_receipt(consent: Consent) -> Document:
    """Raises NotConfigured."""
    record = record_of(consent)
    company, recipients = company_at(consent.at), recipients_at(consent.purpose, consent.at)
    return issue(
        KIND,
        {
            "schema_version": SCHEMA,
            "receipt_id": record,
            "record": {
                "schema_version": SCHEMA,
                "record_id": record,
                "pii_principal_id": consent.customer.public_id,
                "pii_processing": [_processing(consent, recipients)],
                "party_identification": [
                    party_of(company),
                    *(_party(recipient) for recipient in recipients),
                ],
                "events": [_event(consent, company)],
            },
        },
    )


def _processing(consent: Consent, recipients: list[Recipient]) -> dict[str, Any]:
    purpose = purpose_at(consent.purpose, consent.at)
    return {
        "privacy_notice": _address("policy_version", consent.policy_version.number),
        "notice_version": consent.policy_version.number,
        "notice_sha256": consent.policy_version.text_in(consent.language).sha256,
        "language": consent.language,
        "purposes": [
            {
                "purpose": purpose.code,
                "purpose_name": {"vi": purpose.name_vi, "en": purpose.name_en},
                "lawful_basis": purpose.legal_basis,
                "wording": consent.wording,
                "wording_sha256": consent.wording_sha256,
                "pii_information": [
                    {"pii_type": category, "pii_optional": not purpose.is_required}
                    for category in purpose.data_categories
                ],
                "pii_controllers": [CONTROLLER],
                "collection_method": consent.channel,
                "recipient_third_parties": [recipient.code for recipient in recipients],
                "retention_period": _retention(consent.at),
                "storage_locations": settings.STORAGE_COUNTRIES,
                "withdrawal_method": _address("consents"),
                "privacy_rights": RIGHTS,
                "jurisdiction": ["VN"],
            }
        ],
    }


def _event(consent: Consent, company: Company) -> dict[str, str]:
    return {
        "event_time": timezone.localtime(consent.at, timezone.get_default_timezone()).isoformat(),
        "event_type": "explicit",
        "event_state": consent.decision,
        "entity_id": (
            consent.customer.public_id if consent.channel == EventChannel.WEB else consent.channel
        ),
        "validity_duration": _validity(consent, company),
    }


def _validity(consent: Consent, company: Company) -> str:
    """Return how long the decision counts; a duration is written as in ISO 8601."""
    if consent.decision == ConsentDecision.GIVEN and company.consent_months:
        return f"P{company.consent_months}M"
    return "until withdrawn"


def _party(recipient: Recipient) -> dict[str, Any]:
    return {
        "party_id": recipient.code,
        "party_role": recipient.kind,
        "party_name": {"vi": recipient.name_vi, "en": recipient.name_en},
        "party_country": recipient.country,
    }


def _retention(moment: datetime) -> dict[str, Any]:
    """Return how long the account's data was to stay by the rule of that day, if there was one."""
    try:
        rule = rule_after_closing(local_day(moment))
    except NotConfigured:
        return {}
    return period_under(rule)


def _address(name: str, *args: str) -> str:
    return f"{settings.SITE_ORIGIN}{reverse(name, args=args)}"


@document_kind(KIND, _("Consent receipt"))
def read_consent_receipt(content: Content) -> list[Section]:
    record = content["record"]
    (processing,) = record["pii_processing"]
    (purpose,) = processing["purposes"]
    (event,) = record["events"]
    controller, *others = record["party_identification"]
    parties = {party["party_id"]: party for party in others}
    return [
        Section(
            _("The decision"),
            [
                Fact(_("Consent"), name_of(ConsentDecision, event["event_state"])),
                Fact(_("When"), said_moment(event["event_time"])),
                Fact(_("By way of"), name_of(EventChannel, purpose["collection_method"])),
                Fact(_("Customer, by pseudonym"), record["pii_principal_id"]),
                Fact(_("Record"), record["record_id"]),
            ],
        ),
        Section(
            _("What it is about"),
            [
                Fact(_("Purpose"), in_language(purpose["purpose_name"])),
                Fact(_("Wording, as it was read"), purpose["wording"]),
                Fact(_("Legal basis"), name_of(LegalBasis, purpose["lawful_basis"])),
                Fact(
                    _("Data"),
                    *(
                        name_of(DataCategory, kind["pii_type"])
                        for kind in purpose["pii_information"]
                    ),
                ),
                Fact(
                    _("Recipients"),
                    *(_party_line(parties[code]) for code in purpose["recipient_third_parties"]),
                ),
                Fact(_("Stored in"), *purpose["storage_locations"]),
                *(period_facts(purpose["retention_period"]) if purpose["retention_period"] else ()),
            ],
        ),
        Section(
            _("Privacy policy"),
            [
                Fact(_("Version"), processing["notice_version"]),
                Fact(_("On the site"), processing["privacy_notice"]),
                Fact(_("SHA-256 of the text"), processing["notice_sha256"]),
            ],
        ),
        controller_section(controller),
        Section(
            _("Your rights"),
            [
                Fact(_("To withdraw"), purpose["withdrawal_method"]),
                Fact(_("Rights"), *(name_of(TimeLimitKind, r) for r in purpose["privacy_rights"])),
            ],
        ),
    ]


def _party_line(party: Content) -> str:
    kind = name_of(RecipientKind, party["party_role"])
    return f"{in_language(party['party_name'])} ({kind}, {party['party_country'] or '–'})"
