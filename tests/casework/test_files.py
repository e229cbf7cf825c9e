import hashlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from PIL import Image, PngImagePlugin

from casework import pictures
from casework.files import check_files
from common.attachments import AttachmentRefused
from tests.evidence_files import heic

DESCRIPTION, ORIENTATION = 0x010E, 0x0112


def drawn(image, encoding, **kwargs):
    out = io.BytesIO()
    image.save(out, encoding, **kwargs)
    return out.getvalue()


def check(content, name):
    return check_files([SimpleUploadedFile(name, content)])[0]


def rgba(content):
    return Image.open(io.BytesIO(content)).convert("RGBA").tobytes()


def exif(orientation=1):
    notes = Image.Exif()
    notes[DESCRIPTION] = "secret"
    notes[ORIENTATION] = orientation
    return notes


def test_the_hash_is_of_the_file_as_it_was_sent():
    sent = drawn(Image.new("RGB", (8, 8), "red"), "JPEG", exif=exif(), comment=b"secret")

    checked = check(sent, "photo.jpg")

    assert checked.content != sent
    assert checked.sha256 == hashlib.sha256(sent).hexdigest()


@pytest.mark.parametrize(
    "sent",
    [
        drawn(
            Image.new("RGB", (8, 8)),
            "JPEG",
            exif=exif(),
            comment=b"secret",
            xmp=b"<x>secret</x>",
            icc_profile=b"secret",
        ),
        drawn(Image.new("RGB", (8, 8)), "JPEG") + b"secret",
    ],
)
def test_nothing_hidden_is_left_in_a_jpeg(sent):
    kept = check(sent, "photo.jpg").content
    assert b"secret" in sent
    assert b"secret" not in kept


def test_nothing_hidden_is_left_in_a_png():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret")
    notes.add_itxt("XML:com.adobe.xmp", "<x>secret</x>")
    frame = Image.new("RGB", (8, 8), "red")
    sent = drawn(
        Image.new("RGB", (8, 8)),
        "PNG",
        pnginfo=notes,
        exif=exif(),
        icc_profile=b"secret",
        save_all=True,
        append_images=[frame],
    )

    kept = check(sent, "photo.png").content

    assert b"secret" in sent
    assert b"secret" not in kept
    image = Image.open(io.BytesIO(kept))
    assert (image.n_frames, image.info) == (1, {})


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_keeps_each_pixel(mode):
    ramp = Image.linear_gradient("L")
    image = Image.new(mode, ramp.size) if mode == "I;16" else ramp.convert(mode)
    sent = drawn(image, "PNG")

    kept = check(sent, "drawing.png").content

    assert rgba(kept) == rgba(sent)
    assert Image.open(io.BytesIO(kept)).mode == Image.open(io.BytesIO(sent)).mode


@pytest.mark.parametrize("clear", [1, bytes([255, 0, 128])])
def test_a_palette_keeps_its_clear_colours(clear):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 255, 255, 0, 0, 0, 9, 9, 9])
    sent = drawn(image, "PNG", transparency=clear)

    assert rgba(check(sent, "drawing.png").content) == rgba(sent)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_keeps_its_kind_of_colour(mode):
    kept = check(drawn(Image.new(mode, (8, 8)), "JPEG"), "photo.jpg").content
    assert Image.open(io.BytesIO(kept)).mode == mode


def test_a_picture_taken_on_its_side_stands_upright():
    sent = drawn(Image.new("RGB", (8, 4)), "JPEG", exif=exif(orientation=6))
    assert Image.open(io.BytesIO(check(sent, "photo.jpg").content)).size == (4, 8)


def test_a_picture_with_too_many_pixels_is_refused_by_that_name(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 2_000_000)
    allowed = drawn(Image.new("1", (2000, 1000)), "PNG")
    larger = drawn(Image.new("1", (2000, 1001)), "PNG")

    assert check(allowed, "a.png")
    with translation.override("en"), pytest.raises(AttachmentRefused) as refusal:
        check(larger, "a.png")
    assert str(refusal.value) == (
        "The picture “a.png” has more than 2 million pixels. Send it smaller."
    )


def test_a_heic_picture_is_kept_as_a_jpeg_of_what_one_sees():
    sent = heic(Image.new("RGBA", (64, 32), "red"), exif=exif(orientation=6).tobytes())
    assert b"secret" in sent

    checked = check(sent, "photo.HEIC")

    assert (checked.name, checked.content_type) == ("photo.jpg", "image/jpeg")
    assert checked.sha256 == hashlib.sha256(sent).hexdigest()
    assert b"secret" not in checked.content
    image = Image.open(io.BytesIO(checked.content))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (32, 64))


def test_a_heic_picture_has_the_same_limit_of_pixels(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 64 * 64 - 1)
    with pytest.raises(AttachmentRefused):
        check(heic(), "photo.heic")


def test_a_broken_heic_picture_is_refused():
    with pytest.raises(AttachmentRefused):
        check(heic()[:300], "photo.heic")
