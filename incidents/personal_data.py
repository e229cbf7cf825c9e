from django.utils.translation import gettext_lazy as _

from common.personal_data import DataCategory, Declaration, declare, mask_all, moves_on_merge
from incidents.models import UnauthorisedUse
from incidents.services import end_locks_given_up

declare(
    Declaration(
        model=UnauthorisedUse,
        category=DataCategory.ACCOUNT,
        customer="customer",
        case="pk",
        personal={"text": mask_all, "finding": mask_all},
        origin=_("from you, or from a member of staff who locked your account"),
        exported=["origin", "state", "unlocked_at"],
    )
)

moves_on_merge(end_locks_given_up)
