"""Write the requirements' lock files, or check that they are up to date.

    python -m tools.lock [--check]

A lock names by their hashes the requirements it was made from and its own lines, so the check
needs no network.
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
    wrong = [lock for lock in LOCKS if not is_sound((ROOT / lock).read_text(), lock)]
    for lock in wrong:
        sys.stderr.write(f"{lock} was edited or is older than {LOCKS[lock][-1]}: run make lock.\n")
    return 1 if wrong else 0


def is_sound(text: str, lock: str) -> bool:
    first, end, body = text.partition("\n")
    return first + end == header(lock, body)


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
    body = path.read_text()
    path.write_text(header(lock, body) + body)


def header(lock: str, body: str) -> str:
    digest = hashlib.sha256()
    for name in LOCKS[lock]:
        digest.update((ROOT / name).read_bytes())
    digest.update(body.encode())
    return f"# Written by make lock from {LOCKS[lock][-1]}, {digest.hexdigest()}\n"


if __name__ == "__main__":
    sys.exit(main())
