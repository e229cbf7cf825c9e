"""The kinds of files that are taken as evidence, each known by its content.

The signatures are those of the formats' own specifications; a file has to begin with its own at
its first byte, so that what is two things at once counts as the first and must be named so.
"""

import codecs
import re

from common.attachments import JPEG, PDF, PNG, FileType, accepted, beginning

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
MP4_BRANDS = {
    *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash"),
    *(b"M4V ", b"MSNV", b"3gp4", b"3gp5", b"3gp6"),
}
M4A_BRANDS = {b"M4A ", b"M4B ", *MP4_BRANDS}  # telephones record sound under the brands of films
LONGEST_HEADERS = 256 * 1024  # of a mail, all together

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")
_SENDERS = re.compile(rb"^(?:From|Sender)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_USUAL = re.compile(rb"^(?:Date|Subject|To|Message-ID|Received)[ \t]*:", re.I | re.M)


def _brand(content: bytes) -> bytes:
    """Return which kind of the ISO base media format it is, empty when it is none."""
    return content[8:12] if content[4:8] == b"ftyp" and content[:3] == b"\0\0\0" else b""


def _is_mp3(content: bytes) -> bool:
    """Know the tag ID3v2 or a frame of MPEG audio, layer III (ISO 11172-3, 2.4.2.3)."""
    if content.startswith(b"ID3"):
        return content[3:4] in (b"\2", b"\3", b"\4") and max(content[6:10], default=128) < 128
    return (
        len(content) > 4
        and content[0] == 0xFF
        and content[1] in (0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3)
        and content[2] >> 4 not in (0, 15)
        and content[2] & 0b1100 != 0b1100
    )


def _is_text(content: bytes) -> bool:
    """Know text in UTF-8, or in UTF-16 with its mark, that is no other kind of file as well."""
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8")
    except UnicodeDecodeError:
        return False
    return "\0" not in text and not any(known.recognises(content) for known in BINARY)


def _is_mail(content: bytes) -> bool:
    """Know a message by its headers, line after line (RFC 5322), the sender's among them."""
    end = 0
    while header := _HEADER.match(content, end, LONGEST_HEADERS):
        end = header.end()
    is_whole = end == len(content) or content.startswith((b"\n", b"\r\n"), end)
    head = content[:end]
    is_mail = is_whole and _SENDERS.search(head) and _USUAL.search(head)
    return bool(is_mail) and b"\0" not in content


_OFFICE = "application/vnd.openxmlformats-officedocument."
ZIP = beginning(b"PK\x03\x04")
DOCX = FileType(ZIP, _OFFICE + "wordprocessingml.document", (".docx",))
XLSX = FileType(ZIP, _OFFICE + "spreadsheetml.sheet", (".xlsx",))
HEIC = FileType(lambda content: _brand(content) in HEIC_BRANDS, "image/heic", (".heic", ".heif"))
MP3 = FileType(_is_mp3, "audio/mpeg", (".mp3",))
M4A = FileType(lambda content: _brand(content) in M4A_BRANDS, "audio/mp4", (".m4a",))
WAV = FileType(
    lambda content: content.startswith(b"RIFF") and content[8:12] == b"WAVE",
    "audio/wav",
    (".wav",),
)
MP4 = FileType(lambda content: _brand(content) in MP4_BRANDS, "video/mp4", (".mp4",))
# A table in text is handed out as text: a program for tables would run the formulas in it.
TEXT = FileType(_is_text, "text/plain", (".txt", ".csv"))
MAIL = FileType(_is_mail, "message/rfc822", (".eml",))

IMAGES = (JPEG, PNG, HEIC)
OFFICE = (DOCX, XLSX)
BINARY = (PDF, *IMAGES, *OFFICE, MP3, M4A, WAV, MP4)
TYPES = (PDF, *IMAGES, *OFFICE, TEXT, MAIL, MP3, M4A, WAV, MP4)
ACCEPTED = accepted(TYPES)
