"""Which parts of two sequences belong together, found at a bounded cost."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

MOST_STEPS = 100_000_000  # a few seconds at the very worst; ordinary texts need a hundredth
STEPS_PER_CELL = 50  # a cell of the table in pair_up, in time and in memory


class Run(NamedTuple):
    same: bool
    old: slice
    new: slice


class Effort:
    """What one comparison may cost altogether, so that no text can hold a worker.

    difflib needs cubic time for sequences that repeat themselves and differ everywhere.
    """

    def __init__(self) -> None:
        self.left = MOST_STEPS

    def allows(self, steps: int) -> bool:
        """Take so many steps from what is left; False, and nothing taken, where it is too much."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


def align(old: Sequence[Hashable], new: Sequence[Hashable], effort: Effort) -> Iterator[Run]:
    """Cut both sequences into runs that are the same and runs that are not, in order.

    What differs is one single run where looking closer would cost too much.
    """
    head = _same_at_start(old, new)
    tail = _same_at_start(old[head:][::-1], new[head:][::-1])
    old_end, new_end = len(old) - tail, len(new) - tail
    if head:
        yield Run(True, slice(0, head), slice(0, head))
    yield from _align_middle(old, new, slice(head, old_end), slice(head, new_end), effort)
    if tail:
        yield Run(True, slice(old_end, len(old)), slice(new_end, len(new)))


def pair_up(likeness: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Choose pairs (row, column), both ascending, whose likeness has the greatest sum.

    A likeness of 0 makes no pair.
    """
    width = len(likeness[0]) if likeness else 0
    best = [[0.0] * (width + 1)]
    for row in likeness:
        above, line = best[-1], [0.0]
        for column, alike in enumerate(row):
            line.append(max(above[column + 1], line[column], above[column] + alike))
        best.append(line)
    return _walk_back(best)


def _walk_back(best: list[list[float]]) -> list[tuple[int, int]]:
    pairs = []
    row, column = len(best) - 1, len(best[0]) - 1
    while row and column:
        if best[row][column] == best[row - 1][column]:
            row -= 1
        elif best[row][column] == best[row][column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            pairs.append((row, column))
    return pairs[::-1]


def _align_middle(
    old: Sequence[Hashable], new: Sequence[Hashable], left: slice, right: slice, effort: Effort
) -> Iterator[Run]:
    some_old, some_new = old[left], new[right]
    if not some_old and not some_new:
        return
    if not effort.allows(_steps(some_old, some_new)):
        yield Run(False, left, right)
        return
    matcher = SequenceMatcher(None, some_old, some_new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield Run(
            tag == "equal",
            slice(left.start + i1, left.start + i2),
            slice(right.start + j1, right.start + j2),
        )


def _steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """Return what difflib needs at the worst: each search reads all equal pairs, and finds one."""
    counts = Counter(new)
    equal_pairs = sum(counts[item] for item in old)
    return (len(old) + equal_pairs) * min(len(old), len(new))


def _same_at_start(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    pairs = zip(old, new, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
