"""The one place where Markdown becomes HTML: plain formatting, no raw HTML, always sanitised."""

from collections.abc import MutableMapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
NO_OTHER_SITE = ("mailto:", "tel:")

CLEANER = nh3.Cleaner(
    attributes=nh3.ALLOWED_ATTRIBUTES
    | {name: {"id"} for name in HEADINGS}
    | {"a": {"href", "hreflang", "rel"}},
    link_rel=None,  # the renderer sets it where it belongs
    url_schemes={"http", "https", "mailto", "tel"},
)


class Section(NamedTuple):
    """A heading of a rendered text, and the id by which it is linked to."""

    level: int
    title: str
    anchor: str


def render(text: str, *, demote: int = 0) -> SafeString:
    """Return the HTML of a whole text, whose headings can be linked to.

    ``demote`` lowers each heading by so many levels, for a page with a title of its own.
    """
    tokens = parse(text)
    _name_headings(tokens)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + demote)}"
    return to_html(tokens)


def contents(text: str) -> list[Section]:
    """Return what render() lets others link to, in order."""
    tokens = parse(text)
    _name_headings(tokens)
    return [
        Section(int(heading.tag[1]), plain_text(inline), str(heading.attrGet("id")))
        for heading, inline in pairwise(tokens)
        if heading.type == "heading_open"
    ]


def parse(text: str) -> list[Token]:
    return PARSER.parse(text)


def to_html(tokens: Sequence[Token]) -> SafeString:
    html = PARSER.renderer.render(tokens, PARSER.options, {})
    return mark_safe(CLEANER.clean(html))  # noqa: S308 -- sanitised in this very line


def plain_text(inline: Token) -> str:
    """Return the words of an "inline" token without their formatting, on one line."""
    children = inline.children or []
    written = "".join(" " if "break" in child.type else child.content for child in children)
    return " ".join(written.split())


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give each heading an id of its own, which no other part of a page can have."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    for heading, inline in pairwise(tokens):
        if heading.type != "heading_open":
            continue
        slug = slugify(plain_text(inline).replace("đ", "d").replace("Đ", "D"))
        name = base = f"section-{slug}".removesuffix("-")
        while name in taken:
            last[base] = last.get(base, 1) + 1
            name = f"{base}-{last[base]}"
        taken.add(name)
        heading.attrSet("id", name)


def _link_open(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: MutableMapping[str, Any],
) -> str:
    """Mark a link to another site, as the templates do it."""
    link = tokens[index]
    href = str(link.attrGet("href") or "")
    own_host = urlsplit(settings.SITE_ORIGIN).netloc
    if not href.startswith(NO_OTHER_SITE) and not url_has_allowed_host_and_scheme(href, own_host):
        link.attrSet("rel", "external noopener")
    return renderer.renderToken(tokens, index, options, env)


# A picture would be fetched from its site, so that it stays a link to it.
PARSER = MarkdownIt("commonmark", {"html": False}).disable("image")
PARSER.add_render_rule("link_open", _link_open)
