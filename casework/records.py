"""Which tables keep cases with clocks: rooms above say it, jobs here go through them."""

from django.urls import reverse

from casework.models import Case

_records: list[type[Case]] = []
_without_clocks: list[type[Case]] = []


def runs_clocks(record: type[Case]) -> type[Case]:
    """Let the jobs of casework go through the cases of this table, and keep its history."""
    _records.append(record)
    return record


def runs_none(record: type[Case]) -> type[Case]:
    """Name a table of cases without clocks, whose open ones keep their customer's data too."""
    _without_clocks.append(record)
    return record


def records() -> list[type[Case]]:
    return _records


def every_record() -> list[type[Case]]:
    return _records + _without_clocks


def work_on(record: type[Case]) -> str:
    """Return the permission that working on these cases needs."""
    return f"{record._meta.app_label}.change_{record._meta.model_name}"


def whole(case: Case) -> Case:
    """Return a case as the row of its own table, which knows its pages.

    Raises LookupError for a case of a table without clocks.
    """
    for record in _records:
        row: Case | None = record.objects.filter(pk=case.pk).first()
        if row is not None:
            return row
    raise LookupError(f"case {case.pk} is in no table with clocks")


def desk_list_of(record: type[Case]) -> str:
    """Return the address of the desk's list of these cases."""
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_changelist")
