"""Write the requirements' lock files, or check that they are up to date.

    python -m tools.lock [--check]

A lock names the requirements it was made from by their hash, so the check needs no network.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = {
    "requirements.lock": ["requirements.txt"],
    "requirements-dev.lock": ["requirements.txt", "requirements-dev.txt"],
}


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return check()
    for lock in LOCKS:
        write(lock)
    return 0


def check() -> int:
    stale = [lock for lock in LOCKS if not (ROOT / lock).read_text().startswith(header(lock))]
    for lock in stale:
        sys.stderr.write(f"{lock} is older than {LOCKS[lock][-1]}: run make lock.\n")
    return 1 if stale else 0


def write(lock: str) -> None:
    """Compile for every platform; pins of the old lock stay where they still fit."""
    path = ROOT / lock
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "pip", "compile", LOCKS[lock][-1]),
            *("--output-file", lock, "--universal", "--python-version", "3.11"),
            *("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url"),
            "--quiet",
        ],
        cwd=ROOT,
        check=True,
    )
    path.write_text(header(lock) + path.read_text())


def header(lock: str) -> str:
    digest = hashlib.sha256()
    for name in LOCKS[lock]:
        digest.update((ROOT / name).read_bytes())
    return f"# Written by make lock from {LOCKS[lock][-1]}, {digest.hexdigest()}\n"


if __name__ == "__main__":
    sys.exit(main())
