"""Which files are taken as evidence, and what is kept of them."""

import io
import logging
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from casework import office_files
from casework.file_types import IMAGES, OFFICE, TYPES
from casework.pdf_files import has_active_content
from casework.pictures import redraw
from casework.unfolding import Bomb
from common import antivirus
from common.antivirus import ScannerUnavailable, ScanState
from common.attachments import (
    PDF,
    AttachmentRefused,
    CheckedFile,
    check_attachment,
    of_another_kind,
)
from common.breaker import Breaker

logger = logging.getLogger(__name__)

SCAN_SECONDS = 10  # as long as a sender waits for a verdict; later a job asks for it
scanner_away = Breaker(pause=30)


def check_files(files: Sequence["UploadedFile[bytes]"]) -> list[CheckedFile]:
    """Return what is kept of each file; images are drawn anew, without position and other notes.

    Raises AttachmentRefused for the first file that cannot be taken.
    """
    if len(files) > settings.EVIDENCE_MAX_FILES:
        raise AttachmentRefused(
            _("You chose %(n)d files; at most %(most)d can be sent at once.")
            % {"n": len(files), "most": settings.EVIDENCE_MAX_FILES}
        )
    if sum(file.size or 0 for file in files) > settings.EVIDENCE_MAX_TOTAL_BYTES:
        raise AttachmentRefused(
            _("The files are larger than %(most)s together. Send fewer or smaller ones.")
            % {"most": filesizeformat(settings.EVIDENCE_MAX_TOTAL_BYTES)}
        )
    return [_check(file) for file in files]


def _check(file: "UploadedFile[bytes]") -> CheckedFile:
    """Judge the content before the scanner sees it, so that no bomb reaches the scanner either."""
    checked = check_attachment(file, types=TYPES, most_bytes=settings.EVIDENCE_MAX_BYTES)
    kinds = {known.content_type for known in IMAGES}
    kept = redraw(checked) if checked.content_type in kinds else _look_into(checked)
    return replace(kept, scan_state=_scan(checked))


def _look_into(checked: CheckedFile) -> CheckedFile:
    try:
        return replace(checked, has_active_content=_is_active(checked))
    except office_files.Unsound as error:
        raise of_another_kind(checked.name) from error
    except office_files.HasMacros as error:
        raise _refused(
            _("The document “%(name)s” holds macros. Save it as PDF and send that."), checked
        ) from error
    except office_files.LoadsFromElsewhere as error:
        raise _refused(
            _(
                "The document “%(name)s” loads something from elsewhere when it is opened. Save it"
                " as PDF and send that."
            ),
            checked,
        ) from error
    except Bomb as error:
        raise _refused(
            _(
                "The file “%(name)s” would grow too large when it is opened. Send it in another"
                " form, for example as pictures."
            ),
            checked,
        ) from error


def _is_active(checked: CheckedFile) -> bool:
    """Raises Bomb, and what office_files raises."""
    if checked.content_type == PDF.content_type:
        return has_active_content(checked.content)
    if checked.content_type in {known.content_type for known in OFFICE}:
        return office_files.has_objects(checked.content, checked.content_type)
    return False


def _scan(checked: CheckedFile) -> ScanState:
    """Ask the scanner about the file as it was sent; without a verdict the file is taken."""
    if not antivirus.can_scan() or scanner_away.is_open:
        return ScanState.NOT_SCANNED
    try:
        state = antivirus.scan(io.BytesIO(checked.content), seconds=SCAN_SECONDS)
    except ScannerUnavailable as error:
        scanner_away.trip()
        logger.warning("evidence is taken unscanned: %s", error)
        return ScanState.NOT_SCANNED
    if state == ScanState.INFECTED:
        logger.warning("evidence was refused: a virus was found in it")
        raise _refused(
            _(
                "A virus was found in the file “%(name)s”, so we have not taken it. Check your"
                " device, and send your complaint without this file."
            ),
            checked,
        )
    return state


def _refused(sentence: str, checked: CheckedFile) -> AttachmentRefused:
    return AttachmentRefused(sentence % {"name": checked.name})
