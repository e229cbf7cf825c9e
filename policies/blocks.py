"""The blocks of a Markdown text, in a form that can be compared and marked word by word.

A word is the same where it reads and is formatted the same. How white space is written, and which
number a list gives to an item, makes no difference.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from unicodedata import normalize

from django.utils.safestring import SafeString
from markdown_it.token import Token

from common.markdown import parse, to_html

Key = tuple[object, ...]

PIECES = re.compile(r"\w+(?:[^\w\s]+\w+)*|[^\w\s]|\s+")  # 1.000, e-mail and 2026-11-24 are whole
SHORT_RUN = re.compile(r"\S{1,200}")  # for thousands of accents normalize() takes quadratic time
DEEPEST = 32  # formatting within formatting; no text needs more, and a hostile one has thousands
WORD = re.compile(r"\w+")


class Block:
    """Tokens that make one block. Equal to another block if no reader could tell a difference."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and self.keys == other.keys

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """What must be the same, in order: the words, and where a block within the block ends."""
        return tuple(key for _token, key in self._leaves)

    @cached_property
    def words(self) -> Counter[str]:
        return Counter(word for token, _key in self._leaves for word in WORD.findall(token.content))

    @cached_property
    def _leaves(self) -> list[tuple[Token, Key]]:
        return [*_leaves(self.tokens)]

    @cached_property
    def _hash(self) -> int:
        return hash(self.keys)

    def html(self) -> SafeString:
        return to_html(self.tokens)

    def html_with_marks(self, tag: str, marked: set[int]) -> SafeString:
        """Put into ``tag`` what stands behind the keys with these indices."""
        wanted = {id(self._leaves[index][0]) for index in marked}
        return to_html(_with_marks(self.tokens, tag, wanted))

    def items(self) -> list["Block"]:
        """Return each item of a list as a list of its own, and any other block as it is."""
        first, last = self.tokens[0], self.tokens[-1]
        if first.type == "bullet_list_open":
            return [Block([first, *item, last]) for item in _groups(self.tokens[1:-1], level=1)]
        if first.type == "ordered_list_open":
            start = int(first.attrs.get("start", 1))
            return [
                Block([replace(first, attrs={"start": number}), *item, last])
                for number, item in enumerate(_groups(self.tokens[1:-1], level=1), start)
            ]
        return [self]


def blocks(text: str) -> list[Block]:
    composed = SHORT_RUN.sub(lambda run: normalize("NFC", run[0]), text)
    tokens = map(_in_pieces, parse(composed))
    return [Block(group) for group in _groups(tokens, level=0)]


def _groups(tokens: Iterable[Token], *, level: int) -> Iterator[list[Token]]:
    """Cut the tokens behind each one that ends something at this level."""
    group = []
    for token in tokens:
        group.append(token)
        if token.level == level and token.nesting <= 0:
            yield group
            group = []


def _in_pieces(token: Token) -> Token:
    """Make each word, each mark between words and each gap a token."""
    if token.type != "inline":
        return token
    pieces: list[Token] = []
    for child in token.children or []:
        if child.type == "text":
            pieces += [
                Token("text", "", 0, content=piece) for piece in PIECES.findall(child.content)
            ]
        else:
            pieces.append(child)
    return replace(token, children=pieces)


def _leaves(tokens: Sequence[Token]) -> Iterator[tuple[Token, Key]]:
    around: list[Key] = []
    after_gap = True  # at the beginning of a block as well: nothing there can be joined to a word
    for token in _flat(tokens):
        if token.nesting == 1:
            around.append(_formatting(token))
        elif token.nesting == -1:
            around.pop()
            if token.block:
                yield token, (token.type,)
                after_gap = True
        elif _is_gap(token):
            after_gap = True
        else:
            yield (
                token,
                (token.type, token.content, token.info, after_gap, *filter(None, around[:DEEPEST])),
            )
            after_gap = token.type == "hardbreak"


def _flat(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.type == "inline":
            yield from token.children or []
        else:
            yield token


def _formatting(token: Token) -> Key:
    """Return nothing for a paragraph: items of a list are within one or not by blank lines."""
    if token.type == "paragraph_open":
        return ()
    return token.tag, token.attrs.get("href"), token.attrs.get("title")


def _is_gap(token: Token) -> bool:
    return token.type == "softbreak" or (token.type == "text" and token.content.isspace())


def _with_marks(tokens: Sequence[Token], tag: str, wanted: set[int]) -> list[Token]:
    """Put the wanted tokens, told by their id(), and the gaps between two of them into ``tag``."""
    marks = [id(token) in wanted for token in tokens]
    for index in range(1, len(tokens) - 1):
        if _is_gap(tokens[index]):
            marks[index] = marks[index - 1] and marks[index + 1]
    result: list[Token] = []
    for is_marked, pairs in groupby(zip(marks, tokens, strict=True), key=itemgetter(0)):
        group = [_with_marks_inside(token, tag, wanted) for _mark, token in pairs]
        if is_marked:
            group = [Token(f"{tag}_open", tag, 1), *group, Token(f"{tag}_close", tag, -1)]
        result += group
    return result


def _with_marks_inside(token: Token, tag: str, wanted: set[int]) -> Token:
    if token.type != "inline":
        return token
    return replace(token, children=_with_marks(token.children or [], tag, wanted))
