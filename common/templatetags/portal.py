"""What the pages and mails need beyond Django's own tags."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.markdown import render
from common.personal_data import DataCategory
from common.requests import request_id

register = template.Library()


@register.simple_tag
def reference() -> str:
    """Return the id of this request, under which the logs tell what happened."""
    return request_id.get()


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon of static/icons/sprite.svg; the text beside it says what it means."""
    sprite = static("icons/sprite.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', sprite, name
    )


@register.inclusion_tag("_partials/menu_link.html", takes_context=True)
def menu_link(
    context: template.Context, name: str, icon: str, label: str | Promise, *also: str
) -> dict[str, Any]:
    """Link to the page called ``name``; mark it on that page and on those of ``also``."""
    match = context["request"].resolver_match
    here = match.url_name if match else ""
    current = "page" if here == name else "true" if here in also else ""
    return {"url": reverse(name), "icon": icon, "label": label, "current": current}


@register.filter
def item(mapping: Mapping[str, Any], key: str) -> Any:
    """Return what a mapping has under a key that the template holds in a variable, or None."""
    return mapping.get(key)


@register.filter
def data_category(code: str) -> str:
    """Return the name of a DataCategory."""
    return str(DataCategory(code).label)


@register.filter
def without_placeholder(field: BoundField) -> BoundField:
    """Take away a placeholder: it vanishes while one types, and the label says it already."""
    field.field.widget.attrs.pop("placeholder", None)
    return field


@register.filter
def markdown(text: str, demote: int = 0) -> SafeString:
    """Render a policy's text; whatever is no plain formatting is dropped.

    ``demote`` lowers each heading by so many levels, for a page with a title of its own.
    """
    return render(text, demote=demote)


@register.filter
def from_iso(text: str) -> date:
    """Return the day that a notice's context holds as text."""
    return date.fromisoformat(text)
