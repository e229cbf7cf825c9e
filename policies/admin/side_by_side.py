"""Two languages of a policy beside each other, section by section."""

from itertools import zip_longest

from django.utils.safestring import SafeString

from common.markdown import parse, to_html

PAGE_LEVELS = 2  # the page's own headings stand above those of the text


def side_by_side(vi: str, en: str) -> list[tuple[SafeString, SafeString]]:
    """Return the rendered sections in pairs; where a language has no more, it is empty."""
    return list(zip_longest(_sections(vi), _sections(en), fillvalue=SafeString("")))


def _sections(text: str) -> list[SafeString]:
    tokens = parse(text)
    starts = [
        place
        for place, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0  # none inside of a list or quotation
    ]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + PAGE_LEVELS)}"
    ends = [*starts, len(tokens)]
    cuts = zip([0, *starts], ends, strict=True)
    return [to_html(tokens[start:end]) for start, end in cuts if start < end]
