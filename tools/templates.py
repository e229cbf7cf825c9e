"""Format the templates with djade, or only check them: python -m tools.templates [--check].

djade knows Django's template language and leaves the HTML alone; what the HTML must be like is
decided in the browser, by axe.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    files = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("[a-z]*/templates/**/*.html")]
    if not files:
        return 0
    djade = Path(sys.executable).with_name("djade")
    command = [str(djade), "--target-version", "5.2", *sys.argv[1:], *map(str, files)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
