"""The search for what should be gone: tables, the planner's statistics, Redis, files, logs.

What is searched for is read from the rows of those who go, under their lock, and kept in memory
only (portraits.py). One pass goes over everything, however many strings are looked for, piece by
piece, so that it holds no lock and needs little memory.

Not searched, each with its reason in the report: what is sealed, since no plain text can be in
it, and the few columns that may name the erased by public id.
"""

import gzip
import os
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.encryption.files import MAGIC
from retention.matching import Matcher
from retention.portraits import Mark
from retention.residue_tables import search_statistics, search_tables

BLOCK = 1024 * 1024  # bytes of a file at a time
OVERLAP = 4096  # bytes: more than any form of a string takes
KEYS = 500  # of Redis at a time

KINDS = {  # of what is counted in Search.searched
    "strings": _("strings looked for"),
    "tables": _("tables"),
    "rows": _("rows"),
    "characters": _("characters"),
    "keys": _("keys of Redis"),
    "files": _("files"),
    "bytes": _("bytes of files"),
}


@dataclass
class Search:
    """What is looked for, and what a pass over everything found.

    is_thorough: also inside of words, and in what may be a neighbour's own.
    places: where each string was found. searched: how much was looked at, of each kind.
    left_out: what was not searched, with the reason.
    """

    marks: Mapping[str, Mark]
    is_thorough: bool = False
    places: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    searched: Counter[str] = field(default_factory=Counter)
    left_out: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Look everywhere, once.

        Raises DatabaseError, RedisError, OSError; then nothing is known.
        """
        self.matcher = Matcher(self.marks, anywhere=self.is_thorough)
        self.searched["strings"] = len(self.marks)
        search_tables(self)
        search_statistics(self)
        for url in sorted({settings.REDIS_URL, _redis_url(settings.CELERY_BROKER_URL)}):
            _search_redis(self, url)
        media = Path(settings.MEDIA_ROOT)
        if media.is_dir():
            _search_files(self, "media", media)
        else:
            self.left_out["media"] = "there is no such folder"
        for folder in settings.LOG_FOLDERS:
            _search_files(self, "logs", Path(folder))
        if not settings.LOG_FOLDERS:
            self.left_out["logs"] = "LOG_FOLDERS names none"

    def note(self, place: str, texts: Iterable[str]) -> None:
        for text in texts:
            self.places[text].add(place)


def _redis_url(broker_url: str) -> str:
    """Return the address of Celery's broker as Redis itself writes it."""
    return broker_url.replace("redis+socket:", "unix:").replace("?virtual_host=", "?db=")


def _search_redis(search: Search, url: str) -> None:
    if not url.startswith(("redis:", "rediss:", "unix:")):
        search.left_out["broker"] = "not a Redis server"
        return
    with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
        for key in client.scan_iter(count=KEYS):
            search.searched["keys"] += 1
            for content in (key, *_values(client, key)):
                search.note("redis", search.matcher.find_in(content))


def _values(client: Any, key: bytes) -> Iterator[bytes]:
    """Yield what a key holds; one that expires meanwhile holds nothing."""
    match client.type(key):
        case b"string":
            yield client.get(key) or b""
        case b"list":
            yield from client.lrange(key, 0, -1)
        case b"set":
            yield from client.sscan_iter(key)
        case b"zset":
            yield from (member for member, _score in client.zscan_iter(key))
        case b"hash":
            for name, value in client.hscan_iter(key):
                yield from (name, value)


def _search_files(search: Search, place: str, folder: Path) -> None:
    def fail(error: OSError) -> None:
        """Let nobody think that a folder was searched which cannot be listed."""
        if error.filename == str(folder) or not isinstance(error, FileNotFoundError):
            raise error

    for parent, _folders, names in os.walk(folder, onerror=fail):
        for name in names:
            path = Path(parent, name)
            search.searched["files"] += 1
            named = search.matcher.find(path.relative_to(folder).as_posix())
            search.note(f"{place}: name", named)
            search.note(f"{place}: content", _found_in(search, path))


def _found_in(search: Search, path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as plain:
            if plain.read(len(MAGIC)) == MAGIC:
                search.left_out["sealed files"] = "only their names: nobody reads a copy of one"
                return
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            before = b""
            while block := file.read(BLOCK):
                search.searched["bytes"] += len(block)
                yield from search.matcher.find_in(before + block)
                before = block[-OVERLAP:]
    except FileNotFoundError:
        return  # it was removed meanwhile
    except (EOFError, zlib.error) as error:
        raise OSError("A packed file cannot be read to its end.") from error
