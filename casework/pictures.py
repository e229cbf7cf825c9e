"""Pictures drawn anew, so that nothing is left of them but what one sees."""

import io
from dataclasses import replace
from pathlib import PurePath
from threading import Lock

from django.utils.translation import gettext as _
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from casework.file_types import HEIC
from common.attachments import JPEG, AttachmentRefused, CheckedFile

MOST_PIXELS = 25_000_000  # 100 MB in memory; a photograph has half of it, a bomb billions

_drawing = Lock()  # one picture at a time, so that many uploads do not fill the memory
register_heif_opener(thumbnails=False)


def redraw(picture: CheckedFile) -> CheckedFile:
    """Decode and encode a picture; one in HEIC, which few programs open, becomes a JPEG.

    Raises AttachmentRefused.
    """
    if picture.content_type != HEIC.content_type:
        return replace(picture, content=_drawn(picture, picture.content_type))
    content = _drawn(picture, JPEG.content_type)
    name = str(PurePath(picture.name).with_suffix(".jpg"))
    return replace(picture, name=name, content_type=JPEG.content_type, content=content)


def _drawn(picture: CheckedFile, content_type: str) -> bytes:
    sent = io.BytesIO(picture.content)
    try:
        with _drawing, Image.open(sent, formats=["JPEG", "PNG", "HEIF"]) as image:
            if image.width * image.height <= MOST_PIXELS:
                return _encode(image, content_type.removeprefix("image/"))
    except Exception as error:  # Pillow raises nearly anything for a broken file
        raise AttachmentRefused(
            _("The picture “%(name)s” is damaged and cannot be opened.") % {"name": picture.name}
        ) from error
    raise AttachmentRefused(
        _("The picture “%(name)s” has more than %(most)d million pixels. Send it smaller.")
        % {"name": picture.name, "most": MOST_PIXELS // 1_000_000}
    )


def _encode(image: Image.Image, encoding: str) -> bytes:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    # Encoders write notes that they find here; only which colour is clear belongs to the picture.
    image.info = {key: image.info[key] for key in ("transparency",) if key in image.info}
    opaque = image.convert("RGB") if encoding == "jpeg" and image.mode.endswith("A") else image
    out = io.BytesIO()
    opaque.save(out, format=encoding, quality=92)
    return out.getvalue()
