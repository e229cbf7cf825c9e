import threading

import pytest

from common.templatetags.portal import markdown


def test_a_policy_is_formatted_and_nothing_more():
    html = markdown("# Hello\n\n[a](javascript:alert(1)) <script>alert(1)</script> **b**")

    assert '<h1 id="section-hello">Hello</h1>' in html
    assert "<strong>b</strong>" in html
    assert "<script" not in html
    assert "href" not in html


def test_headings_step_down_under_a_title():
    assert markdown("# A\n\n###### B", 2).splitlines() == [
        '<h3 id="section-a">A</h3>',
        '<h6 id="section-b">B</h6>',
    ]


def test_each_heading_has_an_id_of_its_own_in_plain_letters():
    html = markdown("# 4. Được *lưu* `ở đâu`?\n\n# A-2\n\n# A\n\n# A\n\n# A\n\n# …\n\n#\n")

    assert [line.split('"')[1] for line in html.splitlines()] == [
        "section-4-duoc-luu-o-dau",
        "section-a-2",
        "section-a",
        "section-a-3",
        "section-a-4",
        "section",
        "section-2",
    ]


@pytest.mark.parametrize(
    ("href", "rel"),
    [
        ("https://example.org/", "external noopener"),
        ("http://example.org", "external noopener"),
        ("//example.org", "external noopener"),
        ("https:example.org", "external noopener"),
        ("https://privacy.example.vn@example.org/", "external noopener"),
        ("https://privacy.example.vn/policy", None),
        ("/policy", None),
        ("#section-4", None),
        ("mailto:dpo@example.vn", None),
        ("tel:+84979051021", None),
    ],
)
def test_links_to_other_sites_are_marked(settings, href, rel):
    settings.SITE_ORIGIN = "https://privacy.example.vn"

    html = markdown(f"[a]({href})")

    marked = f' rel="{rel}"' if rel else ""
    assert html == f'<p><a href="{href}"{marked}>a</a></p>\n'


@pytest.mark.parametrize("href", ["ftp://example.org/", "magnet:?x", "data:text/html,x"])
def test_links_that_no_policy_needs_lead_nowhere(href):
    assert "href" not in markdown(f"[a]({href})")


def test_a_picture_is_a_link_and_not_fetched():
    html = markdown("![a](https://example.org/p.png)")

    assert "<img" not in html
    assert '<a href="https://example.org/p.png" rel="external noopener">a</a>' in html


def test_attributes_typed_by_hand_stay_text():
    html = markdown('<h1 id="main" onclick="x()">A</h1>\n\n<a rel="x" href="/">b</a>')

    assert "<h1" not in html
    assert "<a" not in html
    assert "&lt;h1" in html


def test_texts_are_rendered_in_any_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(markdown("*a*")))

    thread.start()
    thread.join()

    assert results == ["<p><em>a</em></p>\n"]
