"""Which benches there are, and what each gives."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module

BENCHES = (
    *("access", "announcement", "deadlines", "encryption", "export", "purge", "queue", "sign_in"),
)
"""Modules of this package, each with a function ``measure``."""


@dataclass(frozen=True)
class Row:
    """One line of the table; ``target`` says in words what the figure should be."""

    measure: str
    figure: float
    target: str = ""


Bench = Callable[[bool], Iterable[Row]]
"""Takes whether to be quick (small numbers, to see that it works); measures on its own rows."""


def find_bench(name: str) -> Bench:
    """Import a bench. Its models need Django to be set up."""
    bench: Bench = import_module(f"bench.{name}").measure
    return bench
