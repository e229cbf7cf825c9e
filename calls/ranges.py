"""Which part of a recording a player asks for. Source: RFC 9110, 13.1.5 and 14.

A recording never changes under its address, so its hash is a strong validator. Several ranges
at once are answered with the whole, as the standard allows: no player asks for them.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

ONE_RANGE = re.compile(r"bytes=\s*(?:(\d+)-(\d*)|-(\d+))\s*", re.ASCII | re.IGNORECASE)
MOST_DIGITS = 18  # of a position; what is longer points behind any file


class Part(NamedTuple):
    """The bytes from ``start`` to before ``end``."""

    start: int
    end: int


class NotSatisfiable(Exception):
    """The range begins behind the last byte, or asks for none."""


def asked_part(headers: Mapping[str, str], *, size: int, etag: str) -> Part | None:
    """Return the part that is asked for, None for the whole.

    Raises NotSatisfiable.
    """
    condition = headers.get("If-Range")
    if condition is not None and condition.strip() != etag:
        return None
    asked = ONE_RANGE.fullmatch(headers.get("Range", "").strip())
    if asked is None:
        return None
    first, last, suffix = asked.groups()
    part = _last_bytes(suffix, size) if suffix else _from_to(first, last, size)
    if part is not None and part.start >= part.end:
        raise NotSatisfiable
    return part


def _last_bytes(number: str, size: int) -> Part:
    return Part(max(0, size - _position(number)), size)


def _from_to(first: str, last: str, size: int) -> Part | None:
    start, end = _position(first), _position(last) + 1 if last else size
    if end <= start and last:
        return None  # turned round: no range at all
    return Part(start, min(end, size))


def _position(digits: str) -> int:
    return int(digits) if len(digits) <= MOST_DIGITS else 10**MOST_DIGITS
