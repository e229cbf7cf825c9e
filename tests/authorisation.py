"""Who may do what: the table beside this file, and the letters in which it is written."""

from pathlib import Path

from tests.addresses import DESK

TABLE = Path(__file__).with_name("authorisation.txt")
OUTSIDE = ("anonymous", "owner", "other", "handler")
STAFF = ("handler", "kept_away", "lead", "dpo", "auditor", "administrator", "superuser")
CLOSED = set("xnm")  # refused, not there, no such method: what a superuser gets, everybody gets

Letters = tuple[str, str]
"""For GET and POST, one letter for each person, or one for all of them."""


def read_table() -> tuple[dict[str, Letters], dict[str, Letters]]:
    """Return what is expected outside of the desk and at it, by the names of the addresses."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line[:1] not in ("", "#")]
    table = {name: (get, post) for name, get, post in lines}
    assert len(table) == len(lines), "an address is there twice"
    desk = {name: letters for name, letters in table.items() if name.startswith(DESK)}
    return {name: table[name] for name in table.keys() - desk.keys()}, desk


def shortened(letters: str) -> str:
    return letters[0] if len(set(letters)) == 1 else letters
