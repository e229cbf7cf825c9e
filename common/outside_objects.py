"""Lines in an S3-compatible store: objects of which each is written once.

An object holds a line or some, and its name is the number of the first. It is put on the condition
that there is none of that name: no line is ever written over, and of two writers one is refused.
A store that does not know the condition is told apart at the first line that a process writes. The
portal puts, gets and lists, and needs no right beyond.

Address and keys of the store come from the environment, as boto3 reads it. A store that is away
is told within seconds.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from common.outside import LineTaken, StoreAway

DIGITS = 16  # of a name, so that names are listed in the order of their numbers
PAGE = 1000  # names; no store lists more at once
LARGEST = 500  # lines of an object
MOST_BYTES = 8 * 1024 * 1024  # of an object
SIDE_BY_SIDE = 16  # objects that are read at a time
TAKEN = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.CONFLICT)  # this while another is put
CONFIG = Config(
    connect_timeout=2,  # seconds
    read_timeout=4,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=SIDE_BY_SIDE,
    # What is sent by default beyond the need, few other stores than Amazon's know.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class ObjectLog:
    """What common.outside.Log is, in a bucket under a prefix."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._bucket, self._folder = bucket, f"{prefix}/" if prefix else ""
        self._seen = 0  # a number that the newest object had
        self._keeps_condition = False

    def state(self) -> object:
        return self._bucket, self._folder

    def end(self) -> tuple[str, bytes]:
        return self._end()[1], b""

    def lines(self, after: int = 0) -> Iterator[str]:
        numbers = self._numbers(after - LARGEST)
        with ThreadPoolExecutor(SIDE_BY_SIDE) as readers:
            while some := list(islice(numbers, SIDE_BY_SIDE)):
                for number, lines in zip(some, readers.map(self._lines_of, some), strict=True):
                    yield from lines[max(0, after + 1 - number) :]

    @contextmanager
    def writing(self) -> Iterator["_ObjectWriter"]:
        yield _ObjectWriter(self, *self._end())

    def put(self, number: int, lines: Iterable[bytes]) -> None:
        """Write an object whose first line has this number.

        Raises LineTaken, StoreAway.
        """
        body = b"".join(lines)
        try:
            self._put(number, body)
        except LineTaken:
            if self._body_of(number) != body:
                raise
            # It is what was to be written: the answer to a first attempt was lost.
        if not self._keeps_condition:
            self._prove_condition(number, body)

    def _prove_condition(self, number: int, body: bytes) -> None:
        try:
            self._put(number, body)
        except LineTaken:
            self._keeps_condition = True
        else:
            raise StoreAway("The store outside writes over objects: it knows no If-None-Match.")

    def _put(self, number: int, body: bytes) -> None:
        digest = hashlib.md5(body, usedforsecurity=False).digest()  # asked for beside object locks
        with _told_plainly():
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._name(number),
                Body=body,
                ContentMD5=base64.b64encode(digest).decode(),
                IfNoneMatch="*",
            )

    def _end(self) -> tuple[int, str]:
        """Return the number that the next line gets, and the last line, "" if none."""
        number = self._newest()
        lines = self._lines_of(number) if number else []
        return (number or 1) + len(lines), lines[-1] if lines else ""

    def _lines_of(self, number: int) -> list[str]:
        """Return the whole lines of an object."""
        text = self._body_of(number).decode("ascii", "replace")
        return text[: text.rfind("\n") + 1].splitlines()

    def _body_of(self, number: int) -> bytes:
        with _told_plainly():
            answer = self._client.get_object(Bucket=self._bucket, Key=self._name(number))
            body: bytes = answer["Body"].read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise StoreAway(f"An object outside is larger than any of ours: {self._name(number)}")
        return body

    def _newest(self) -> int:
        """Return the number of the newest object, 0 if there is none."""
        page = self._page(self._seen - 1) or self._page(0)
        if len(page) == PAGE:
            page = self._page(self._near_end(page[-1] - 1))
        self._seen = page[-1] if page else 0
        return self._seen

    def _near_end(self, number: int) -> int:
        """Go on from a number with objects behind it to one with a page of them at most.

        In steps that double and then halve, so that millions take a few dozen listings.
        """
        step = PAGE
        while self._page(number + step, most=1):
            number, step = number + step, step * 2
        while step > PAGE:
            step //= 2
            if self._page(number + step, most=1):
                number += step
        return number

    def _numbers(self, behind: int) -> Iterator[int]:
        while page := self._page(behind):
            yield from page
            behind = page[-1]

    def _page(self, behind: int, most: int = PAGE) -> list[int]:
        """Return the numbers of the next objects behind this number."""
        with _told_plainly():
            answer = self._client.list_objects_v2(
                Bucket=self._bucket,
                Prefix=self._folder,
                StartAfter=self._name(max(0, behind)),
                MaxKeys=most,
            )
        names = [each["Key"].removeprefix(self._folder) for each in answer.get("Contents", ())]
        if strange := [name for name in names if len(name) != DIGITS or not name.isdecimal()]:
            raise StoreAway(f"There is an object outside that is none of ours: {strange[0]}")
        return [int(name) for name in names]

    def _name(self, number: int) -> str:
        return f"{self._folder}{number:0{DIGITS}}"

    @cached_property
    def _client(self) -> Any:
        return boto3.client("s3", config=CONFIG)


class _ObjectWriter:
    def __init__(self, log: ObjectLog, number: int, last: str) -> None:
        self._log, self._number, self._last = log, number, last

    def end(self) -> tuple[str, bytes]:
        return self._last, b""

    def append(self, lines: Iterable[bytes]) -> int:
        rest, before = iter(lines), self._number
        while some := list(islice(rest, LARGEST)):
            self._log.put(self._number, some)
            self._number += len(some)
            self._last = some[-1].decode("ascii").strip()
        return self._number - before


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Raise of the store's errors an OSError, as a file would, without what was sent."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        kind = LineTaken if status in TAKEN else StoreAway
        raise kind(f"The store outside refuses: {code}") from error
    except BotoCoreError as error:
        raise StoreAway(f"The store outside does not answer: {type(error).__name__}") from error
