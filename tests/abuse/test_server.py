"""What nobody should send, sent past every page: to the server itself, started as in production."""

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from tests.test_run import free_port

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
FLAGS = re.search(r"^gunicorn (.+)$", (ROOT / "README.md").read_text(), re.M).group(1).split()
PROXY = (ROOT / "docs" / "nginx.conf").read_text()
HOST = urlsplit(settings.SITE_ORIGIN).hostname
SECONDS = 30


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker):
    """The port of a gunicorn with the flags that README.md gives for production."""
    port = free_port()
    url = urlsplit(os.environ["DATABASE_URL"])
    environment = os.environ | {
        "DATABASE_URL": url._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    command = [sys.executable, "-m", "gunicorn", *FLAGS, "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for(port, process):
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("gunicorn did not start")


def answers(port, request):
    """Send bytes; return the status of each answer until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as wire:
        received = b""
        with suppress(OSError):  # closed before all of it was read
            wire.sendall(request)
        with suppress(OSError):
            while part := wire.recv(65536):
                received += part
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3})", received)]


def get(address="/healthz", *headers):
    lines = [f"GET {address} HTTP/1.1", f"Host: {HOST}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def post(*headers, body, close=True):
    lines = ["POST /language/ HTTP/1.1", f"Host: {HOST}", *headers]
    kind = "Content-Type: application/x-www-form-urlencoded"
    return "\r\n".join([*lines, kind, *["Connection: close"] * close, "", body]).encode()


def test_the_server_answers_what_is_whole(server):
    assert answers(server, get()) == [200]
    assert answers(server, post("Content-Length: 11", body="language=en")) == [302]


def test_a_body_without_its_length_is_refused(server):
    """UPLO-50: the proxy measures bodies; past it, one could be endless."""
    chunked = post("Transfer-Encoding: chunked", body="b\r\nlanguage=en\r\n0\r\n\r\n")

    assert answers(server, chunked) == [400]


BAD_BODIES = {
    "HTTP-02 length and chunks": (["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
    "HTTP-02 chunks and length": (["Transfer-Encoding: chunked", "Content-Length: 5"], "0\r\n\r\n"),
    "HTTP-02 two lengths": (["Content-Length: 5", "Content-Length: 6"], "abcdef"),
    "HTTP-02 chunks within chunks": (["Transfer-Encoding: chunked, chunked"], "0\r\n\r\n"),
    "HTTP-02 no number": (["Content-Length: 5x"], "abcde"),
    "HTTP-02 bad chunk": (["Transfer-Encoding: chunked"], "ZZ\r\nlanguage=en\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize(("headers", "body"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_of_two_lengths_is_refused_and_the_connection_closed(headers, body, server):
    """What follows could else be taken for a request of somebody else's."""
    request = post(*headers, body=body, close=False) + get()

    assert set(answers(server, request)) == {400}


TOO_LARGE = {
    "HTTP-05 10 000 headers": get("/healthz", *[f"X-{n}: 1" for n in range(10_000)]),
    "HTTP-05 1 MB header": get("/healthz", f"X-Long: {'x' * 1_000_000}"),
    "HTTP-05 1 MB address": get(f"/?q={'x' * 1_000_000}"),
}


@pytest.mark.parametrize("request_sent", TOO_LARGE.values(), ids=TOO_LARGE)
def test_headers_and_addresses_have_an_end(request_sent, server):
    assert answers(server, request_sent) in ([400], [414], [431])
    assert answers(server, get()) == [200]


@pytest.mark.parametrize(
    "line",
    [
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        'proxy_set_header X-Forwarded-Host "";',
        "proxy_set_header Host $host;",
    ],
    ids=["HTTP-04 proto", "HTTP-04 for", "HTTP-04 host", "HTTP-04 own host"],
)
def test_the_proxy_overwrites_what_a_visitor_says_of_themselves(line):
    """A location with a header of its own would inherit none of these."""
    assert line in PROXY
    for location in re.findall(r"location [^{]+\{([^}]*)\}", PROXY):
        assert "proxy_set_header" not in location


def test_the_proxy_takes_what_the_portal_takes():
    """HTTP-05, AUTH-07: bodies, and requests in a minute, end there too."""
    sizes = [int(size) for size in re.findall(r"client_max_body_size (\d+)m;", PROXY)]
    megabyte = 1024 * 1024
    assert sizes[0] * megabyte > settings.EVIDENCE_MAX_TOTAL_BYTES
    assert sizes[1] * megabyte > settings.CALL_RECORDING_MAX_BYTES
    assert "limit_req zone=sign_in" in PROXY
