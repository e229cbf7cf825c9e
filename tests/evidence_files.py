"""Files that people send, good and bad, made by code."""

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from PIL import Image

RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
MAIL = (
    b"From: Hoa <hoa@example.vn>\r\nTo: x@example.vn\r\n"
    b"Date: Mon, 2 Mar 2026 08:00:00 +0700\r\n\r\nxin\r\n"
)
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x00" + bytes(400)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(24)


def picture(kind: str = "JPEG", **kwargs: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind, **kwargs)
    return out.getvalue()


def heic(image: Image.Image | None = None, **kwargs: Any) -> bytes:
    out = io.BytesIO()
    (image or Image.new("RGB", (64, 64), "red")).save(out, "HEIF", **kwargs)
    return out.getvalue()


def film(brand: bytes = b"isom") -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\2\0isommp41" + bytes(40)


def zipped(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(folder: str = "word", **parts: bytes) -> bytes:
    """A document of the least parts; more of them by name."""
    return zipped({"[Content_Types].xml": TYPES, f"{folder}/document.xml": b"<x/>", **parts})


def relationship(kind: str, target: str, mode: str = "External") -> bytes:
    return (
        f'<Relationships xmlns="{RELATIONSHIPS}"><Relationship Id="r1" Type="{OFFICE}/{kind}"'
        f' Target="{target}" TargetMode="{mode}"/></Relationships>'
    ).encode()


def pdf(*objects: bytes, stream: bytes = b"") -> bytes:
    """A PDF with these entries in its catalogue, and a stream that is compressed."""
    folded = zlib.compress(stream, 9)
    return b"".join(
        [
            b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog ",
            *objects,
            b" >>\nendobj\n2 0 obj\n",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(folded),
            folded,
            b"\nendstream\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n",
        ]
    )


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of this size in one bit a pixel, with more chunks before its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    packing = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    pixels = b"".join(packing.compress(row) for _ in range(height)) + packing.flush()
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    kind, content = part
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
