from common.personal_data import DataCategory, Declaration, declare, mask_all
from complaints.models import Complaint

declare(
    Declaration(
        model=Complaint,
        category=DataCategory.COMPLAINT,
        customer="customer",
        personal={"text": mask_all, "cause": mask_all, "solution": mask_all},
        page="complaints",
    )
)
