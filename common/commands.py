"""What people at a terminal read: in their language, and no wider than their window."""

import os
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

CHOOSE_LANGUAGE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
NARROWEST, WIDEST = 80, 100  # columns


class SpokenCommand(BaseCommand):
    """A command that speaks the language of the terminal, or the one that it is asked for."""

    def create_parser(self, *args: Any, **kwargs: Any) -> ArgumentParser:  # type: ignore[override]
        parser = super().create_parser(*args, **kwargs)
        parser.add_argument(
            "--language",
            choices=dict(settings.LANGUAGES),
            help="The language of the answer; by default that of LANG.",
        )
        return parser

    def execute(self, *args: Any, language: str | None = None, **options: Any) -> str | None:
        with translation.override(language or terminal_language()), ends_with_its_reader():
            return super().execute(*args, **options)


@contextmanager
def ends_with_its_reader() -> Iterator[None]:
    """End without a traceback once nobody reads what is written, as behind ``| head``."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python writes out what is left as it ends, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def terminal_language() -> str:
    """Return what the terminal is set to, as gettext's programs read it; else English."""
    chosen = next(filter(None, map(os.environ.get, CHOOSE_LANGUAGE)), "")
    return "vi" if chosen.startswith("vi") else "en"


def terminal_width() -> int:
    return min(max(shutil.get_terminal_size((WIDEST, 24)).columns, NARROWEST), WIDEST)


def in_columns(rows: Collection[Sequence[str]]) -> list[str]:
    """Write rows as lines, in columns as wide as their longest entry; what is too long is cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    width = terminal_width()
    return [line if len(line) <= width else f"{line[: width - 1].rstrip()}…" for line in lines]
