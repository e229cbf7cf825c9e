"""Which files are taken as evidence, and what is kept of them."""

import io
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from common.attachments import (
    JPEG,
    PDF,
    PNG,
    AttachmentRefused,
    CheckedFile,
    accepted,
    check_attachment,
)

MOST_PIXELS = 25_000_000  # 100 MB in memory; a photograph has half of it, a bomb billions
TYPES = (PDF, JPEG, PNG)
ACCEPTED = accepted(TYPES)


_drawing = Lock()  # one picture at a time, so that many uploads do not fill the memory


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
    checked = check_attachment(file, types=TYPES, most_bytes=settings.EVIDENCE_MAX_BYTES)
    if not checked.content_type.startswith("image/"):
        return checked
    drawn = _redraw(checked.name, checked.content, checked.content_type)
    return replace(checked, content=drawn)


def _redraw(name: str, content: bytes, content_type: str) -> bytes:
    """Decode and encode an image, so that nothing but its picture is left."""
    try:
        with _drawing, Image.open(io.BytesIO(content), formats=["JPEG", "PNG"]) as image:
            if image.width * image.height <= MOST_PIXELS:
                return _encode(image, content_type.removeprefix("image/"))
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise AttachmentRefused(
            _("The picture “%(name)s” is damaged and cannot be opened.") % {"name": name}
        ) from error
    raise AttachmentRefused(
        _("The picture “%(name)s” has more than %(most)d million pixels. Send it smaller.")
        % {"name": name, "most": MOST_PIXELS // 1_000_000}
    )


def _encode(image: Image.Image, encoding: str) -> bytes:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    # Encoders write notes that they find here; only which colour is clear belongs to the picture.
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    out = io.BytesIO()
    image.save(out, format=encoding, quality=92)
    return out.getvalue()
