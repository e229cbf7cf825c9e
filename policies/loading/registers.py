"""Declared details, purposes and recipients. Those that staff added are theirs and stay."""

from policies import profile_schema
from policies.loading.rows import LOADED, put_all, retire, two_columns
from policies.models import Company, DeclaredField, Purpose, Recipient
from policies.registers import put_purposes


def load_declared_fields(profile: profile_schema.Profile) -> int:
    rows = {
        field.code: {
            **two_columns("name", field.name),
            **two_columns("description", field.description),
            "kind": field.kind,
            "is_required": field.is_required,
        }
        for field in profile.declared_fields
    }
    return put_all(DeclaredField, rows)


def load_purposes(profile: profile_schema.Profile) -> int:
    rows = {
        purpose.code: {
            **two_columns("name", purpose.name),
            **two_columns("description", purpose.description),
            "wording_vi": purpose.wording.vi if purpose.wording else "",
            "wording_en": purpose.wording.en if purpose.wording else "",
            "legal_basis": purpose.legal_basis,
            "is_required": _is_required(purpose),
            "channel": purpose.channel,
            "data_categories": list(purpose.data_categories),
        }
        for purpose in profile.purposes
    }
    return put_all(Purpose, rows)


def _is_required(purpose: profile_schema.Purpose) -> bool:
    return purpose.wording is None if purpose.is_required is None else purpose.is_required


def load_recipients(profile: profile_schema.Profile) -> int:
    rows = {
        recipient.code: {
            **two_columns("name", recipient.name),
            **two_columns("description", recipient.description),
            "kind": recipient.kind,
            "country": recipient.country,
            "cross_border": recipient.cross_border,
            "data_categories": list(recipient.data_categories),
        }
        for recipient in profile.recipients
    }
    changed = put_all(Recipient, rows)
    for recipient in profile.recipients:
        row = Recipient.objects.get(code=recipient.code)
        purposes = Purpose.objects.filter(code__in=recipient.purposes)
        changed += put_purposes(row, purposes, by=None, reason=LOADED)
    return changed


def retire_registers_of_another(company: str) -> None:
    """End the registers of the company that this deployment served before."""
    if Company.objects.exclude(profile=company).exists():
        retire(DeclaredField.objects.active())
        retire(Purpose.objects.active())
        retire(Recipient.objects.active())
