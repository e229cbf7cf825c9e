"""Which parts of two sequences belong together, found at a bounded cost."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import NamedTuple

MOST_STEPS = 25_000_000  # about a second at the very worst; ordinary texts need a hundredth
STEPS_PER_CELL = 50  # a cell of the table in pair_up, in time and in memory
ALIKE = 0.5  # the least share of common words of a pair


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


def pair_up(
    old: Sequence[Counter[str]], new: Sequence[Counter[str]], effort: Effort
) -> list[tuple[int, int]]:
    """Pair texts, given as the counts of their words, with the most similar ones, in order.

    Return pairs of indices, both ascending; none where looking would cost too much.
    """
    where: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index, words in enumerate(new):
        for word, count in words.items():
            where[word].append((index, count))
    meetings = sum(len(where[word]) for words in old for word in words if word in where)
    if not effort.allows(meetings + STEPS_PER_CELL * len(old) * len(new)):
        return []
    sizes = [words.total() for words in new]
    best = [[0.0] * (len(new) + 1)]
    for words in old:
        above, line = best[-1], [0.0]
        for column, alike in enumerate(_likeness(words, where, sizes)):
            line.append(max(above[column + 1], line[column], above[column] + alike))
        best.append(line)
    return _walk_back(best)


def _likeness(
    words: Counter[str], where: Mapping[str, list[tuple[int, int]]], sizes: list[int]
) -> list[float]:
    """Return the share of words in common with each other text, 0 where it is too small."""
    common = [0] * len(sizes)
    for word, count in words.items():
        for index, other_count in where.get(word, ()):
            common[index] += count if count < other_count else other_count
    size = words.total()
    shares = (2 * shared / (size + other or 1) for shared, other in zip(common, sizes, strict=True))
    return [share if share >= ALIKE else 0.0 for share in shares]


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
