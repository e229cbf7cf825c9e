"""What the database's refusals mean to the person who asked for a change."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.history import save_as
from policies.exceptions import ChangeRefused

CODE_TAKEN = _("This code is taken, perhaps by an entry that is no longer used.")
ONE_AT_A_TIME = _("Another rule of this kind applies on some of these days.")
NEEDS_SOURCE = _("Name the source in both languages.")
BASIS_OF_FAMILY = _("A promise comes from the policy or the company, a statute from the law.")

SENTENCES: dict[str, str | Promise] = {
    "policies_purpose_code_key": CODE_TAKEN,
    "policies_recipient_code_key": CODE_TAKEN,
    "policies_declaredfield_code_key": CODE_TAKEN,
    "declaredfield_is_none_of_the_fixed": _("Every customer is asked for this detail already."),
    "purpose_consent_is_optional": _("What rests on consent cannot be required."),
    "purpose_wording_iff_consent": _(
        "Consent needs its question in both languages; any other legal basis asks none."
    ),
    "recipient_cross_border_agrees": _("The country contradicts whether it is outside Viet Nam."),
    "agreement_validity": _("The last day lies before the first."),
    "agreement_reference": _("This recipient has an agreement with this number already."),
    "timelimit_one_at_a_time": ONE_AT_A_TIME,
    "retentionrule_one_at_a_time": ONE_AT_A_TIME,
    "timelimit_source": NEEDS_SOURCE,
    "retentionrule_source": NEEDS_SOURCE,
    "timelimit_basis_of_family": BASIS_OF_FAMILY,
    "retentionrule_basis_of_family": BASIS_OF_FAMILY,
    "timelimit_takes_time": _("A time limit is one unit at least."),
    "timelimit_range": _("The least is more than the most."),
    "timelimit_ordinary": _(
        "An ordinary case takes no less than the minimum and no more than the maximum."
    ),
    "timelimit_third_party": _("With a third party, the limit cannot be shorter than without."),
}


def save_or_refuse(
    row: Model, *, by: AbstractBaseUser, reason: str, fields: list[str] | None = None
) -> None:
    """Call save_as(); a constraint that says no is told in a sentence.

    Raises ChangeRefused.
    """
    try:
        with transaction.atomic():
            save_as(row, by=by, reason=reason, fields=fields)
    except IntegrityError as error:
        sentence = SENTENCES.get(_constraint_of(error))
        if sentence is None:
            raise
        raise ChangeRefused(str(sentence)) from error


def _constraint_of(error: IntegrityError) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""
