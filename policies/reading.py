"""What the public pages show of published texts, worked out once for each.

A published text never changes, so that its hash names what was drawn from it. What
is kept are plain tuples: a release that draws anew raises DRAWING.
"""

from typing import NamedTuple

from django.core.cache import cache
from django.utils.safestring import SafeString

from common.markdown import Section, contents, render
from policies.comparison import Row, compare
from policies.models import PolicyText

DRAWING = 1
A_DAY = 24 * 60 * 60  # seconds


class Drawn(NamedTuple):
    html: SafeString
    sections: list[Section]


def draw(text: PolicyText, *, demote: int = 1) -> Drawn:
    """Return a text below headings of the page, and what its own headings are linked by."""
    key = f"policy-{DRAWING}-{demote}-{text.sha256}"
    known = cache.get(key)
    if known is None:
        known = render(text.body, demote=demote), [tuple(each) for each in contents(text.body)]
        cache.set(key, known, A_DAY)
    html, sections = known
    return Drawn(html, [Section(*each) for each in sections])


def draw_comparison(old: PolicyText, new: PolicyText) -> list[Row]:
    key = f"comparison-{DRAWING}-{old.sha256}-{new.sha256}"
    known = cache.get(key)
    if known is None:
        known = [tuple(row) for row in compare(old.body, new.body)]
        cache.set(key, known, A_DAY)
    return [Row(*each) for each in known]
