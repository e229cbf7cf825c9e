"""The virus scanner, ClamAV's daemon, asked over its own protocol (clamd, command INSTREAM).

    tcp://localhost:3310       asks it there; what is sent is not encrypted on the way
    unix:///run/clamd.sock     asks it at a socket of this machine

Without CLAMAV_URL nothing is scanned, and everything stays "not scanned".
"""

import socket
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.encryption.files import Readable

CHUNK = 64 * 1024
LONGEST_ANSWER = 1024
CONNECT_SECONDS = 2


class ScanState(TextChoices):
    NOT_SCANNED = "not_scanned", _("not scanned for viruses")
    CLEAN = "clean", _("no virus found")
    INFECTED = "infected", _("virus found")


class ScannerUnavailable(Exception):
    """The scanner gave no verdict: it is away, too slow, or said something else."""


def can_scan() -> bool:
    return bool(settings.CLAMAV_URL)


def scan(content: Readable, *, seconds: float) -> ScanState:
    """Return CLEAN or INFECTED, within so many seconds.

    Raises ScannerUnavailable, and what reading the content raises but for OSError.
    """
    until = monotonic() + seconds
    try:
        with _connect() as connection:
            _send(connection, content, until)
            return _verdict(_receive(connection, until))
    except OSError as error:
        raise ScannerUnavailable(type(error).__name__) from error


def _connect() -> socket.socket:
    address = urlsplit(settings.CLAMAV_URL)
    if address.scheme == "tcp":
        return socket.create_connection((address.hostname, address.port), CONNECT_SECONDS)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(CONNECT_SECONDS)
    try:
        connection.connect(address.path)
    except OSError:
        connection.close()
        raise
    return connection


def _send(connection: socket.socket, content: Readable, until: float) -> None:
    """Send the content in pieces, each with its length before it, and an empty one at the end."""
    _send_until(connection, b"zINSTREAM\0", until)
    while piece := content.read(CHUNK):
        _send_until(connection, len(piece).to_bytes(4, "big") + piece, until)
    _send_until(connection, bytes(4), until)


def _send_until(connection: socket.socket, data: bytes, until: float) -> None:
    connection.settimeout(_seconds_left(until))
    connection.sendall(data)


def _receive(connection: socket.socket, until: float) -> bytes:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        connection.settimeout(_seconds_left(until))
        piece = connection.recv(LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer


def _verdict(answer: bytes) -> ScanState:
    if answer == b"stream: OK\0":
        return ScanState.CLEAN
    if answer.startswith(b"stream: ") and answer.endswith(b" FOUND\0"):
        return ScanState.INFECTED
    raise ScannerUnavailable("no verdict")


def _seconds_left(until: float) -> float:
    """Raises TimeoutError."""
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
