from django.http import FileResponse

from casework.models import Evidence
from common import attachments


def as_attachment(evidence: Evidence) -> FileResponse:
    """Raises FileUnreadable."""
    return attachments.as_attachment(
        str(evidence.file),
        owner=evidence.case.customer.public_id,
        name=evidence.name,
        content_type=evidence.content_type,
    )
