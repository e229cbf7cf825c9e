"""Compressed content, counted while it unfolds and never kept: a bomb is known by its growth."""

HARMLESS = 50 * 1024 * 1024  # a page scanned in colour has half of it
MOST_GROWTH = 100  # zlib's most is 1032; what people write grows by 20 at most


class Bomb(Exception):
    """Content that fills the memory or the disk of whoever unfolds it."""


def refuse_bomb(unfolded: int, folded: int) -> None:
    """Raises Bomb for what grows to more than is harmless, by more than anything usual."""
    if unfolded > HARMLESS and unfolded > folded * MOST_GROWTH:
        raise Bomb
