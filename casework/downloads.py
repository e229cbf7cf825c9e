from django.http import FileResponse
from django.utils.translation import gettext as _

from accounts.merging import public_ids_of
from casework.models import Evidence
from common import attachments
from common.encryption.files import SealedFile
from common.errors import FileQuarantined
from common.files import open_stored


def as_attachment(evidence: Evidence) -> FileResponse:
    """Raises FileUnreadable, FileQuarantined."""
    if evidence.is_quarantined:
        raise FileQuarantined(_("A virus was found in this file. Nobody can download it."))
    owner, *former = public_ids_of(evidence.case.customer)
    return attachments.as_attachment(
        str(evidence.file),
        owner=owner,
        former=former,
        name=evidence.name,
        content_type=evidence.content_type,
    )


def open_evidence(evidence: Evidence) -> SealedFile:
    """Open the file whatever is in it: for the scanner, never for a person.

    Raises FileUnreadable.
    """
    owner, *former = public_ids_of(evidence.case.customer)
    return open_stored(str(evidence.file), owner=owner, former=former)
