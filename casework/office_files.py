"""What an Office document holds, seen without unpacking it: a zip of parts (ECMA-376, part 2)."""

import io
import re
import zlib
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from casework.file_types import DOCX
from casework.unfolding import Bomb, refuse_bomb

MOST_PARTS = 5_000
MOST_UNFOLDED = 300 * 1024 * 1024
LARGEST_LIST = 1024 * 1024  # of types or relationships
CHUNK = 64 * 1024

CONTENT_TYPES = "[Content_Types].xml"
END = b"PK\x05\x06"
END_BYTES = 22
CENTRAL_ENTRY = b"PK\x01\x02"
IS_ENCRYPTED = 1

_STRAYS = re.compile(r"^/|(?:^|/)\.\.?(?:/|$)|[\\:\0]")
_MACROS = re.compile(r"vba|macrosheets/", re.IGNORECASE)
_OBJECTS = re.compile(r"activeX/|embeddings/[^/]*\.bin$", re.IGNORECASE)


class Unsound(Exception):
    """No document that an Office program has written."""


class HasMacros(Exception):
    pass


class LoadsFromElsewhere(Exception):
    """A document that fetches a template, a picture or data from an address when it is opened."""


def has_objects(content: bytes, content_type: str) -> bool:
    """Say whether a document holds objects of other programs, once it is found harmless.

    Raises Unsound, Bomb, HasMacros, LoadsFromElsewhere.
    """
    if content[-END_BYTES:][:4] != END or content.count(CENTRAL_ENTRY) > MOST_PARTS:
        raise Unsound
    try:
        with ZipFile(io.BytesIO(content)) as document:
            return _look_into(document, "word/" if content_type == DOCX.content_type else "xl/")
    except (BadZipFile, NotImplementedError, ExpatError, EOFError, ValueError, zlib.error) as error:
        raise Unsound from error


def _look_into(document: ZipFile, folder: str) -> bool:
    parts = document.infolist()
    names = [part.orig_filename for part in parts]
    _require_sound(parts, names, folder)
    _refuse_growth(parts)
    _read_all(document, parts)
    types = _read(document, CONTENT_TYPES).replace(b"\0", b"")  # of UTF-16 as well
    if any(map(_MACROS.search, names)) or b"macroenabled" in types.lower():
        raise HasMacros
    for name in names:
        if name.lower().endswith(".rels"):
            _require_own(_read(document, name))
    return any(map(_OBJECTS.search, names))


def _require_sound(parts: list[ZipInfo], names: list[str], folder: str) -> None:
    is_sound = (
        CONTENT_TYPES in names
        and any(name.startswith(folder) for name in names)
        and len({name.lower() for name in names}) == len(names)
        and not any(map(_STRAYS.search, names))
        and not any(part.flag_bits & IS_ENCRYPTED for part in parts)
        and all(part.compress_type in (ZIP_STORED, ZIP_DEFLATED) for part in parts)
        and min(part.header_offset for part in parts) == 0
    )
    if not is_sound:
        raise Unsound


def _refuse_growth(parts: list[ZipInfo]) -> None:
    unfolded = sum(part.file_size for part in parts)
    refuse_bomb(unfolded, sum(part.compress_size for part in parts))
    if unfolded > MOST_UNFOLDED:
        raise Bomb


def _read_all(document: ZipFile, parts: list[ZipInfo]) -> None:
    """Read each part up to the size that it states; its checksum tells one that states less.

    Raises BadZipFile.
    """
    for part in parts:
        with document.open(part) as content:
            while content.read(CHUNK):
                pass


def _read(document: ZipFile, name: str) -> bytes:
    if document.getinfo(name).file_size > LARGEST_LIST:
        raise Unsound
    return document.read(name)


def _require_own(relationships: bytes) -> None:
    """Raises LoadsFromElsewhere for a target outside that no click of a reader is needed for."""

    def refuse_doctype(*_args: object) -> None:
        raise Unsound

    def see(tag: str, attributes: dict[str, str]) -> None:
        is_link = attributes.get("Type", "").endswith("/hyperlink")
        if attributes.get("TargetMode", "").lower() == "external" and not is_link:
            raise LoadsFromElsewhere

    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.StartElementHandler = see
    parser.Parse(relationships, True)
