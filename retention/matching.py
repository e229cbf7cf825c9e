"""Finding any of many strings in much text, whatever form it was written in."""

import base64
import hashlib
import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import quote

ANCHOR = 9  # characters that are looked up at once; a string of fewer is looked for by itself
PACKED = re.compile(r"[A-Za-z0-9+/_-]{24,}")
HEX = re.compile(r"[0-9a-f]+")  # an id or a hash, of which there are many
URL_SAFE = str.maketrans("-_", "+/")
LARGEST = 1024 * 1024  # of what is unpacked
HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)


class Matcher:
    """Strings to look for, in each form in which they may have been written.

    A string begins where a word does, so that the address ``ly@…`` is not found in ``thuly@…``;
    with ``anywhere`` it begins at each letter, which takes longer.
    """

    def __init__(self, texts: Iterable[str], *, anywhere: bool = False) -> None:
        self._forms = {form: text for text in texts for form in _forms(text)}
        self._anchor = min([ANCHOR, *map(len, self._forms)])
        self._lengths: dict[str, tuple[int, ...]] = {}  # of the forms that begin so
        for form in self._forms:
            begin, known = form[: self._anchor], self._lengths.get(form[: self._anchor], ())
            if len(form) not in known:
                self._lengths[begin] = (*known, len(form))
        start = "" if anywhere else r"\b"
        self._starts = re.compile(rf"{start}(?=(\w.{{{self._anchor - 1}}}))", re.DOTALL)

    def find(self, text: str) -> set[str]:
        """Return the strings that are in the text, also packed in base64 and compressed."""
        return set(self._find(text)) | set(self._find("\0".join(_unpacked(text))))

    def find_in(self, content: bytes) -> set[str]:
        return self.find(content.decode("utf-8", "ignore"))

    def _find(self, text: str) -> Iterator[str]:
        folded = _fold(text)
        if self._lengths.keys().isdisjoint(self._starts.findall(folded)):
            return  # nearly always
        for start in self._starts.finditer(folded):
            at = start.start()
            for length in self._lengths.get(start[1], ()):
                if wanted := self._forms.get(folded[at : at + length]):
                    yield wanted


def _fold(text: str) -> str:
    """Let escapes, upper case and the two ways of writing a mark make no difference."""
    if "\\" in text:
        text = re.sub(r"\\[nrt]", " ", text)
    return unicodedata.normalize("NFC", text).lower()


def _forms(text: str) -> set[str]:
    """Return a string as pages, addresses, JSON and careless hashes would have it."""
    written = {text, quote(text), html.escape(text), json.dumps(text)[1:-1], *_as_number(text)}
    folded = _fold(text)
    hashed = {make(folded.encode(), usedforsecurity=False).hexdigest() for make in HASHES}
    forms = {re.sub(r"^\W+", "", _fold(form)) for form in written} | hashed
    return forms - {""}


def _as_number(text: str) -> Iterator[str]:
    """Yield a phone number as it is dialled in the country and from abroad."""
    if re.fullmatch(r"\+?[\d .()-]{9,}", text):
        digits = re.sub(r"\D", "", text)
        yield digits
        if digits.startswith("84"):
            yield f"0{digits[2:]}"


def _unpacked(text: str) -> Iterator[str]:
    for token in PACKED.findall(text):
        if not HEX.fullmatch(token):
            with suppress(UnicodeDecodeError):
                yield _inflated(_decoded(token)).decode()


def _decoded(token: str) -> bytes:
    whole = token[: len(token) - (len(token) % 4 == 1)]
    return base64.b64decode(whole.translate(URL_SAFE) + "=" * (-len(whole) % 4))


def _inflated(raw: bytes) -> bytes:
    if raw[:1] != b"\x78" and raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw, LARGEST)
    except zlib.error:
        return raw
