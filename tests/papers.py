"""Reading what a PDF of the portal says, as far as its own writer makes them."""

import re
import zlib

SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", re.DOTALL)
MAPPED = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>", re.IGNORECASE)
NAMED = re.compile(rb"/F(\d+) (\d+) 0 R")


def text_of(pdf: bytes) -> str:
    """Return the words of all pages in their order, with single spaces."""
    objects = dict(re.findall(rb"(?s)(\d+) 0 obj(.*?)endobj", pdf))
    maps = {name: _letters(objects, objects[font]) for name, font in NAMED.findall(pdf)}
    pages = (_stream(each) for each in objects.values() if b"/FlateDecode" in each)
    words = [_page(page, maps) for page in pages if b" Tj" in page]
    return " ".join(" ".join(words).split())


def _letters(objects: dict[bytes, bytes], font: bytes) -> dict[bytes, str]:
    number = re.search(rb"/ToUnicode (\d+) 0 R", font)
    assert number is not None
    pairs = MAPPED.findall(_stream(objects[number[1]]))
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(letters.decode()).decode("utf-16-be")
        for code, letters in pairs
    }


def _stream(held: bytes) -> bytes:
    content = held.partition(b"stream\n")[2].rpartition(b"endstream")[0]
    try:
        return zlib.decompressobj().decompress(content)
    except zlib.error:
        return content


def _page(page: bytes, maps: dict[bytes, dict[bytes, str]]) -> str:
    font, lines = b"", []
    for name, shown in SHOWN.findall(page):
        font = name or font
        if not name:
            codes = re.sub(rb"\\(.)", lambda held: ESCAPED.get(held[1], held[1]), shown, flags=re.S)
            pairs = (codes[i : i + 2] for i in range(0, len(codes), 2))
            lines.append("".join(maps[font].get(pair, "") for pair in pairs))
    return " ".join(lines)


ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
