"""The most memory that a piece of work needs, measured in a process of its own.

    python -m bench.memory MODULE FUNCTION

calls the function on the bench's portal and prints the peak in megabytes.
"""

import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import django

STATUS = Path("/proc/self/status")
KIB_PER_MB = 1024


def peak_of(work: Callable[[], None]) -> float:
    """Run a module's function in a fresh process; return its peak in megabytes."""
    command = [sys.executable, "-m", "bench.memory", work.__module__, work.__name__]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def main(module: str, function: str) -> None:
    django.setup()
    getattr(import_module(module), function)()
    sys.stdout.write(f"{_peak_kib() / KIB_PER_MB}\n")


def _peak_kib() -> int:
    """Read this program's own peak: on Linux, getrusage counts what its parent held as well."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # bytes on macOS
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines["VmHWM"].removesuffix("kB"))


if __name__ == "__main__":
    main(*sys.argv[1:])
