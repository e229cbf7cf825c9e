"""That the benches work; what they find depends on the machine and is asserted nowhere."""

import subprocess
import sys
from pathlib import Path

from bench.registry import BENCHES

ROOT = Path(__file__).resolve().parent.parent


def run_bench(*arguments):
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=300
    )


def test_every_bench_prints_its_table():
    done = run_bench("--quick")

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(BENCHES)
    rows = [line for line in lines if line.startswith(" ")]
    figures = {line[2:52].strip(): float(line[52:64].replace(",", "")) for line in rows}
    assert list(figures) == [
        "the page without a record, ms",
        *(
            f"{way}: a record, {figure}"
            for way in ("the portal", "django-auditlog", "django-pghistory")
            for figure in ("ms", "percent of the page")
        ),
        "2,000 records sealed, seconds",
        "records sealed per second",
        "2,000 records verified, seconds",
        "records verified per second",
        "bytes of the seals for each record",
        "bytes of the records themselves, each",
        "peak memory at 300 customers, MB",
        "peak memory at 3,000 customers, MB",
        "the second peak as a multiple of the first",
        "mails written per second, 3,000 customers",
        "the same rows per second by one raw statement",
        "the portal's speed as a share of the raw one",
        "one last day, microseconds",
        "20,000 last days, ms",
        "the same by numpy.busday_offset, ms",
        "how many times as fast",
        "the portal's table as arrays, ms",
        "numpy.busday_offset on arrays, ms",
        "how many times as fast, on arrays",
        "values sealed per second",
        "values opened per second",
        "a page of 50 customers, both details masked, ms",
        "the same page without them, ms",
        "what opening them adds, ms",
        "megabytes of a file sealed per second",
        "megabytes of a file opened per second",
        "peak memory for a copy of 20 rows, MB",
        "peak memory for a copy of 200 rows, MB",
        "that peak as a multiple of the smaller one's",
        "a copy of 200 rows, seconds",
        "rows of each customer",
        "rows searched for residue a second",
        "files removed a second",
        "peak memory, 40 due, MB",
        "the last peak as a multiple of the first",
        "the portal, 20 of 200 due: rows a second",
        "raw SQL: rows a second",
        "the portal's speed as a share of the raw",
        "queryset.delete(): rows a second",
        "how many times as fast the portal is",
        "rows of each customer, where their number grows",
        *(
            figure
            for size in (100, 200)
            for figure in (
                f"portal, 10 due of {size} customers, seconds",
                f"raw, 10 due of {size} customers, seconds",
                f"found by index only, {size} customers",
            )
        ),
        "growth of the portal's time",
        "growth of the raw SQL's time",
        "the portal's as a multiple of the raw SQL's",
        *(
            f"{page}, {figure}"
            for page, other in (
                ("queue", "first"),
                ("closed ones", "first"),
                ("words of one", "first"),
                ("figures", "one before"),
            )
            for figure in (
                "50 complaints, ms",
                "500 complaints, ms",
                "2,000 complaints, ms",
                f"the last as a multiple of the {other}",
                "queries",
                "queries beyond those of the first",
            )
        ),
        "queue, one of 100 open, ms",
        *(
            f"{door}, {figure}"
            for door in ("sign-in", "sign-up", "reset")
            for figure in ("known address, ms", "unknown address, ms", "p of the difference")
        ),
    ]
    may_be_nothing = ("what opening them adds, ms", *(name for name in figures if "beyond" in name))
    may_be_nothing += tuple(name for name in figures if "by index" in name)  # of so few it is not
    assert all(figure > 0 for name, figure in figures.items() if name not in may_be_nothing)
    assert {figures[name] for name in figures if "beyond" in name} == {0}


def test_an_unknown_bench_is_named():
    done = run_bench("nonsense")

    assert done.returncode == 2
    assert "nonsense" in done.stderr
