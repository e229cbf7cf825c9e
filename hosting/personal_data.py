from common.personal_data import DataCategory, Declaration, declare, mask_all
from hosting.models import HostedService

declare(
    Declaration(
        model=HostedService,
        category=DataCategory.HOSTED_CONTENT,
        customer="customer",
        personal={
            "kind": mask_all,
            "label": mask_all,
            "host": mask_all,
            "size_mb": mask_all,
            "started_on": mask_all,
            "ended_on": mask_all,
            "description": mask_all,
        },
        internal=["external_id"],
        page="hosting",
    )
)
