"""What a PDF would do when it is opened; nothing of it is drawn or run here."""

import re
import zlib
from collections.abc import Iterator

from casework.unfolding import refuse_bomb

MOST_STREAMS = 50_000
MOST_UNFOLDED = 200 * 1024 * 1024  # of one file, all its streams together: half a second
FIRST_PIECE = 4096  # small, as what is left of a piece behind a short stream is copied
PIECE = 64 * 1024
LARGEST_PIECE = 1024 * 1024
LONGEST_NAME = 64


def _name(word: str) -> str:
    """Return a pattern for a PDF name; any of its letters may be written in hexadecimal."""
    return "".join(f"(?:{letter}|#{ord(letter):02x}|#{ord(letter):02X})" for letter in word)


_ACTIONS = ("JavaScript", "Launch", "EmbeddedFile", "RichMedia", "SubmitForm", "ImportData", "XFA")
_ACTIVE = re.compile(
    # A place in the document, in brackets, is no action; "Encrypt" hides what there is.
    rf"/(?=[JLERSIXOA#])(?:{'|'.join(map(_name, (*_ACTIONS, 'Encrypt')))}"
    rf"|{_name('OpenAction')}(?!\s*\[)|{_name('AA')}\s*(?:<<|\d+\s+\d+\s+R))".encode()
)
_STREAM = re.compile(rb"stream\r?\n")


def has_active_content(content: bytes) -> bool:
    """Say whether a PDF runs, loads or holds something, or cannot be looked through.

    Raises Bomb.
    """
    return bool(_ACTIVE.search(content)) or _has_active_streams(content)


def _has_active_streams(content: bytes) -> bool:
    """Look into compressed streams, which hold objects too (ISO 32000-2, 7.5.7).

    Raises Bomb.
    """
    whole = memoryview(content)
    unfolded = 0
    for number, start in enumerate(_STREAM.finditer(content)):
        if number >= MOST_STREAMS:
            return True
        before = b""
        for piece in _unfold(whole[start.end() :]):
            unfolded += len(piece)
            refuse_bomb(unfolded, len(content))
            if unfolded > MOST_UNFOLDED or _ACTIVE.search(before + piece):
                return True
            before = piece[-LONGEST_NAME:]
    return False


def _unfold(folded: memoryview) -> Iterator[bytes]:
    """Yield what a stream unfolds to, up to its end or its first fault.

    Raises Bomb.
    """
    unfolding = zlib.decompressobj()
    position, unfolded, size = 0, 0, FIRST_PIECE
    try:
        while position < len(folded) and not unfolding.eof:
            waiting: bytes | memoryview = folded[position : position + size]
            position, size = position + size, PIECE
            while waiting and not unfolding.eof:
                piece = unfolding.decompress(waiting, LARGEST_PIECE)
                waiting = unfolding.unconsumed_tail
                unfolded += len(piece)
                refuse_bomb(unfolded, position)
                yield piece
    except zlib.error:
        return
