"""Names of access records for outside: their numbers never leave the database."""

from django.utils import timezone

from access.models import AccessRecord
from common.encryption.sealing import DecryptionError, open_text, seal_text

NAMED_AS = "access.name"


def name_of(record: AccessRecord, public_id: str) -> str:
    """Name a record for this person alone; anybody else's hand opens nothing with it."""
    return seal_text(str(record.pk), NAMED_AS, row=public_id)


def find_record(name: str, public_id: str, *known_as: str) -> AccessRecord | None:
    """Return the record of that name about this person, who had the other ids before a merge.

    Not one of which they must not hear yet.
    """
    try:
        key = int(open_text(name, NAMED_AS, row=public_id))
    except DecryptionError:
        return None
    told = AccessRecord.objects.about(public_id, *known_as).shown_to_customer(timezone.localdate())
    return told.filter(pk=key).first()
