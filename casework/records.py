"""Which tables keep cases with clocks: rooms above say it, jobs here go through them."""

from casework.models import Case

_records: list[type[Case]] = []


def runs_clocks(record: type[Case]) -> type[Case]:
    """Let the jobs of casework go through the cases of this table, and keep its history."""
    _records.append(record)
    return record


def records() -> list[type[Case]]:
    return _records
