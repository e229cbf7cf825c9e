"""Two versions of a policy text side by side, with what changed marked in place."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from django.utils.safestring import SafeString

from policies.alignment import Effort, align, pair_up
from policies.blocks import Block, blocks

NOTHING = SafeString()


class Row(NamedTuple):
    """A block of each text as safe HTML, empty where that text has none."""

    old: SafeString
    new: SafeString
    change: Literal["same", "changed", "added", "removed"]


class Summary(NamedTuple):
    changed: int
    added: int
    removed: int


def compare(old: str, new: str) -> list[Row]:
    """Return the blocks of two Markdown texts in order, side by side where they belong together.

    A list is one block where it stays as it is, else each of its items is one. In a changed block
    the words are in ``<del>`` and ``<ins>``.
    """
    effort = Effort()
    before, after = blocks(old), blocks(new)
    rows: list[Row] = []
    for run in align(before, after, effort):
        some_old, some_new = before[run.old], after[run.new]
        if run.same:
            rows += _same(some_old, some_new)
        elif some_old and some_new:
            rows += _replaced(_items(some_old), _items(some_new), effort)
        else:
            rows += _unpaired(some_old, some_new)
    return rows


def summary(rows: Iterable[Row]) -> Summary:
    counts = Counter(row.change for row in rows)
    return Summary(counts["changed"], counts["added"], counts["removed"])


def _items(some: list[Block]) -> list[Block]:
    return [item for block in some for item in block.items()]


def _same(old: list[Block], new: list[Block]) -> Iterator[Row]:
    for one, other in zip(old, new, strict=True):
        yield Row(one.html(), other.html(), "same")


def _unpaired(old: list[Block], new: list[Block]) -> Iterator[Row]:
    for block in old:
        yield Row(block.html(), NOTHING, "removed")
    for block in new:
        yield Row(NOTHING, block.html(), "added")


def _replaced(old: list[Block], new: list[Block], effort: Effort) -> Iterator[Row]:
    for run in align(old, new, effort):
        some_old, some_new = old[run.old], new[run.new]
        yield from _same(some_old, some_new) if run.same else _paired(some_old, some_new, effort)


def _paired(old: list[Block], new: list[Block], effort: Effort) -> Iterator[Row]:
    done_old = done_new = 0
    pairs = pair_up([block.words for block in old], [block.words for block in new], effort)
    for at_old, at_new in pairs:
        yield from _unpaired(old[done_old:at_old], new[done_new:at_new])
        yield _changed(old[at_old], new[at_new], effort)
        done_old, done_new = at_old + 1, at_new + 1
    yield from _unpaired(old[done_old:], new[done_new:])


def _changed(old: Block, new: Block, effort: Effort) -> Row:
    gone: set[int] = set()
    come: set[int] = set()
    for run in align(old.keys, new.keys, effort):
        if not run.same:
            gone.update(range(run.old.start, run.old.stop))
            come.update(range(run.new.start, run.new.stop))
    old_html, new_html = old.html_with_marks("del", gone), new.html_with_marks("ins", come)
    return Row(old_html, new_html, "changed" if gone or come else "same")
