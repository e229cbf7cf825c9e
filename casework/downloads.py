from django.http import FileResponse

from casework.models import Evidence
from common import attachments


def as_attachment(evidence: Evidence) -> FileResponse:
    return attachments.as_attachment(
        evidence.file, name=evidence.name, content_type=evidence.content_type
    )
