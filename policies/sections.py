"""The sections of a policy text, and where those of two languages differ."""

import re
from collections.abc import Hashable, Iterator
from itertools import islice, pairwise, zip_longest
from typing import NamedTuple

from django.utils.translation import gettext as _
from markdown_it.token import Token

from common.markdown import parse, plain_text
from policies.alignment import Effort, Run, align

MOST_FAULTS = 5
NUMBER = re.compile(r"\d+(\.\d+)*")


class Heading(NamedTuple):
    level: int
    title: str


class EmptyText(NamedTuple):
    language: str

    def __str__(self) -> str:
        if self.language == "vi":
            return _("The Vietnamese text is empty.")
        return _("The English text is empty.")


class StructureFault(NamedTuple):
    """One place where the texts differ; None where a language has no section there.

    ``position`` counts headings from 1: where it is, or would be, in the Vietnamese text.
    """

    position: int
    vi: Heading | None
    en: Heading | None

    def __str__(self) -> str:
        words: dict[str, object] = {"position": self.position}
        for language, heading in (("vi", self.vi), ("en", self.en)):
            if heading:
                words |= {language: heading.title, f"{language}_level": heading.level}
        return self._sentence() % words

    def _sentence(self) -> str:
        if self.en is None:
            return _(
                "Section %(position)d: the Vietnamese text has “%(vi)s” (level %(vi_level)d), "
                "the English text has no section there."
            )
        if self.vi is None:
            return _(
                "Section %(position)d: the English text has “%(en)s” (level %(en_level)d), "
                "the Vietnamese text has no section there."
            )
        return _(
            "Section %(position)d: the Vietnamese text has “%(vi)s” (level %(vi_level)d), "
            "the English text has “%(en)s” (level %(en_level)d)."
        )


def outline(text: str) -> list[Heading]:
    return _headings(parse(text))


def structure_faults(vi: str, en: str) -> list[StructureFault | EmptyText]:
    """Tell where the two texts differ in their sections: the first few places."""
    tokens = {"vi": parse(vi), "en": parse(en)}
    empty = [EmptyText(language) for language, written in tokens.items() if not written]
    differences = _differences(_headings(tokens["vi"]), _headings(tokens["en"]))
    return [*empty] or [*islice(differences, MOST_FAULTS)]


def _headings(tokens: list[Token]) -> list[Heading]:
    return [
        Heading(int(token.tag[1]), plain_text(inline))
        for token, inline in pairwise(tokens)
        if token.type == "heading_open"
    ]


def _differences(vi: list[Heading], en: list[Heading]) -> Iterator[StructureFault]:
    """Align by level and number first, so that the section which is missing is the one named.

    Only the levels must agree: what the numbers leave unlike is aligned by level alone.
    """
    effort = Effort()
    for run in _unlike([*map(_numbered, vi)], [*map(_numbered, en)], effort):
        some_vi, some_en = vi[run.old], en[run.new]
        for part in _unlike([*map(_level, some_vi)], [*map(_level, some_en)], effort):
            pairs = zip_longest(some_vi[part.old], some_en[part.new])
            for position, (heading, other) in enumerate(pairs, run.old.start + part.old.start + 1):
                yield StructureFault(position, heading, other)


def _unlike(vi: list[Hashable], en: list[Hashable], effort: Effort) -> Iterator[Run]:
    return (run for run in align(vi, en, effort) if not run.same)


def _numbered(heading: Heading) -> Hashable:
    number = NUMBER.match(heading.title)
    return heading.level, number[0] if number else ""


def _level(heading: Heading) -> Hashable:
    return heading.level
