"""Measure what must stay fast: `make bench`.

    python -m bench [--quick] [NAME ...]

Servers are the bench's own. The figures depend on the machine; the exit status says nothing about
them. --quick takes small numbers, to see that the benches work.
"""

import argparse
import sys
from collections.abc import Iterable

from bench.registry import BENCHES, Row, find_bench
from bench.servers import own_portal

PROFILE = "fpt_smart_cloud"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="small numbers")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    with own_portal(PROFILE):
        for name in options.names or BENCHES:
            _print_table(name, find_bench(name)(options.quick))


def _print_table(name: str, rows: Iterable[Row]) -> None:
    """Print each row as soon as it is measured."""
    sys.stdout.write(f"{name:<52}{'figure':>12}  target\n")
    for row in rows:
        sys.stdout.write(f"  {row.measure:<50}{row.figure:>12,.2f}  {row.target}\n".rstrip() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
