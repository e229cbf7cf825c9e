"""Every address of the portal, filled in for rows that a test planted."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.urls import URLResolver, get_resolver, reverse

DESK = "admin:"


class Route(NamedTuple):
    """An address as the configuration writes it; ``name`` is that of the pattern, or empty."""

    name: str
    pattern: str


def routes(patterns: Any = None, prefix: str = "", space: str = "") -> Iterator[Route]:
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        route = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from routes(each.url_patterns, route, inner)
        else:
            yield Route(f"{space}{each.name}" if each.name else "", route)


def names() -> list[str]:
    """Return the names of all addresses; one without a name is a second way to a named page."""
    return list(dict.fromkeys(route.name for route in routes() if route.name))


def row_page(name: str) -> tuple[Any, str] | None:
    """Return the model and the last part of the name, if it is a page of the desk about one row."""
    for model in admin.site._registry:
        stem = f"{DESK}{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(stem):
            return model, name.removeprefix(stem)
    return None


def address(name: str, parameters: dict[str, Any], rows: dict[str, Any]) -> str:
    """Fill in an address: as ``parameters`` says by its name, else for one of ``rows`` by label.

    Where neither says which, the first row of the table it is.
    """
    if name in parameters:
        given = parameters[name]
        return reverse(name, **{"kwargs" if isinstance(given, dict) else "args": given})
    page = row_page(name)
    if page is None or page[1] in ("changelist", "add"):
        return reverse(name)
    model, kind = page
    row = rows.get(model._meta.label) or model._base_manager.first()
    assert row is not None, f"{model._meta.label}: the test planted none for {name}"
    if kind == "simple_history":
        return reverse(name, args=[row.pk, version_of(row)])
    pattern = next(route.pattern for route in routes() if route.name == name)
    return reverse(name, args=[row.pk] if "<path:object_id>" in pattern else [])


def version_of(row: Any) -> int:
    """Return the newest version in a row's history; any number where it has none."""
    history = getattr(type(row), "history", None)
    versions = history.filter(**{row._meta.pk.attname: row.pk}) if history else []
    return next((version.pk for version in versions), 1)
