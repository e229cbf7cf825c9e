from django.utils.translation import gettext_lazy as _

from common.personal_data import DataCategory, Declaration, declare, mask_all
from incidents.models import UnauthorisedUse

declare(
    Declaration(
        model=UnauthorisedUse,
        category=DataCategory.ACCOUNT,
        customer="customer",
        personal={"text": mask_all, "finding": mask_all},
        origin=_("from you, or from a member of staff who locked your account"),
    )
)
