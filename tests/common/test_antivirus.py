import io
import os
import subprocess
import sys
import tempfile
from time import monotonic

import pytest

from common.antivirus import ScannerUnavailable, ScanState, can_scan, scan
from tests.clamd import EICAR, clamd


def verdict(content, seconds=5):
    return scan(io.BytesIO(content), seconds=seconds)


@pytest.mark.parametrize("place", ["port", "path"])
def test_the_scanner_sees_the_whole_and_its_verdict_counts(settings, place):
    large = os.urandom(1_000_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        clamd(path=f"{folder}/clamd.sock" if place == "path" else "") as scanner,
    ):
        settings.CLAMAV_URL = scanner.url

        verdicts = [verdict(large), verdict(b"x" + EICAR), verdict(b"")]

        assert verdicts == [ScanState.CLEAN, ScanState.INFECTED, ScanState.CLEAN]
        assert scanner.seen == [large, b"x" + EICAR, b""]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n\0",
        b"stream: OK",
        b"stream: OK\0stream: OK\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"\0",
        b"stream: OK" + b" " * 100_000,
    ],
)
def test_nonsense_is_no_verdict(settings, answer):
    with clamd(answer=answer) as scanner:
        settings.CLAMAV_URL = scanner.url
        with pytest.raises(ScannerUnavailable):
            verdict(b"letter")


def test_a_scanner_that_hangs_is_waited_for_no_longer_than_said(settings):
    with clamd(hangs=True) as scanner:
        settings.CLAMAV_URL = scanner.url
        start = monotonic()
        with pytest.raises(ScannerUnavailable):
            verdict(b"letter", seconds=0.3)
        assert monotonic() - start < 3


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///nowhere/clamd.sock"])
def test_a_scanner_that_is_away_gives_no_verdict(settings, url):
    settings.CLAMAV_URL = url
    with pytest.raises(ScannerUnavailable):
        verdict(b"letter")


def test_without_an_address_there_is_no_scanner():
    assert not can_scan()


@pytest.mark.parametrize(
    "url", ["clamav:3310", "tcp://clamav", "http://clamav:3310", "unix://clamd.ctl", "unix:"]
)
def test_the_portal_does_not_start_with_an_address_that_is_none(url):
    assert "CLAMAV_URL must read like" in errors_of_starting(url)


@pytest.mark.parametrize(
    "url", ["", "tcp://clamav:3310", "tcp://[::1]:3310", "unix:///run/clamav/clamd.ctl"]
)
def test_the_portal_starts_with_an_address_or_without(url):
    assert errors_of_starting(url) == ""


def errors_of_starting(url):
    code = "import privacyportal.settings"
    environment = os.environ | {"CLAMAV_URL": url}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    return done.stderr
