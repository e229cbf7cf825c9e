from django.http import FileResponse

from accounts.merging import public_ids_of
from casework.models import Evidence
from common import attachments


def as_attachment(evidence: Evidence) -> FileResponse:
    """Raises FileUnreadable."""
    owner, *former = public_ids_of(evidence.case.customer)
    return attachments.as_attachment(
        str(evidence.file),
        owner=owner,
        former=former,
        name=evidence.name,
        content_type=evidence.content_type,
    )
