import time
from collections.abc import Iterable
from html.parser import HTMLParser
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.markdown import parse, to_html
from policies.comparison import Row, Summary, compare, summary
from policies.profile_files import known_profiles, read_profile

MARKS = ("del", "ins")
FORMATTING = ("a", "blockquote", "code", "em", "li", "ol", "p", "pre", "strong", "ul")


class Reader(HTMLParser):
    """Notes the tags of some HTML, its words, and which of these stand outside of all marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = self.unmarked = ""
        self.depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.depth += tag in MARKS

    def handle_endtag(self, tag):
        self.depth -= tag in MARKS

    def handle_data(self, data):
        said = "".join(data.split())
        self.words += said
        self.unmarked += "" if self.depth else said


def changes(old: str, new: str) -> list[str]:
    return [row.change for row in compare(old, new)]


def only_row(old: str, new: str) -> Row:
    (row,) = compare(old, new)
    return row


@pytest.mark.parametrize("profile", known_profiles())
def test_a_policy_compared_with_itself_is_the_same(profile):
    text = read_profile(profile).text.vi

    rows = compare(text, text)

    assert {row.change for row in rows} == {"same"}
    assert all(row.old == row.new for row in rows)
    assert "".join(row.old for row in rows) == to_html(parse(text))


def test_changed_words_are_marked_in_place():
    old = "# Policy\n\nWe answer within **15 days**, always."
    new = "# Policy\n\nWe answer within **20 working days**, always."

    assert compare(old, new) == [
        Row("<h1>Policy</h1>\n", "<h1>Policy</h1>\n", "same"),
        Row(
            "<p>We answer within <strong><del>15</del> days</strong>, always.</p>\n",
            "<p>We answer within <strong><ins>20 working</ins> days</strong>, always.</p>\n",
            "changed",
        ),
    ]


def test_one_item_of_a_list_changes_alone():
    old = "We:\n\n- call\n- write letters\n- erase"
    new = "We:\n\n- call\n- write emails\n- erase\n- rest"

    rows = compare(old, new)

    assert [row.change for row in rows] == ["same", "same", "changed", "same", "added"]
    assert rows[2].new == "<ul>\n<li>write <ins>emails</ins></li>\n</ul>\n"


def test_a_list_that_stays_is_one_row():
    assert changes("- a\n- b\n\nText", "- a\n- b\n\nWords") == ["same", "removed", "added"]


def test_an_item_keeps_its_number_and_a_new_number_is_no_change():
    old = "3. three\n4. four\n5. five"
    new = "3. three\n4. five"

    assert compare(old, new) == [
        Row(*['<ol start="3">\n<li>three</li>\n</ol>\n'] * 2, "same"),
        Row('<ol start="4">\n<li>four</li>\n</ol>\n', "", "removed"),
        Row(
            '<ol start="5">\n<li>five</li>\n</ol>\n',
            '<ol start="4">\n<li>five</li>\n</ol>\n',
            "same",
        ),
    ]


def test_a_nested_list_is_marked_within_its_item():
    old = "- data\n  - name\n  - address\n- other"
    new = "- data\n  - name\n  - phone\n- other"

    item, other = compare(old, new)

    assert "<li><del>address</del></li>" in item.old
    assert "<li><ins>phone</ins></li>" in item.new
    assert other.change == "same"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One line\nand the next", "One\nline and\nthe  next"),
        ("- a\n- b", "* a\n\n* b"),
        ("Title\n=====", "# Title #"),
        ("**a** b", "__a__\nb"),
        ("đồng ý", normalize("NFD", "đồng ý")),
        ("a\r\nb", "a\nb"),
    ],
)
def test_what_looks_alike_is_the_same(old, new):
    assert set(changes(old, new)) == {"same"}


@pytest.mark.parametrize(
    ("old", "new", "marked"),
    [
        ("the [law](https://a.vn)", "the [law](https://b.vn)", ">law</"),
        ("our *data*", "our **data**", ">data</"),
        ("our data", "our *data*", ">data</"),
        ("### Title", "## Title", ">Title</"),
        ("- a b", "1. a b", ">a b</"),
        ("a `b c`", "a `b d`", "><code>b d</code></"),
        ("    a b", "    a  b", "><pre><code>a  b\n</code></pre>\n</"),
        ("a .", "a.", ">.</"),
        ("[the law][1]\n\n[1]: /a", "[the law][1]\n\n[1]: /b", ">the law</"),
    ],
)
def test_every_difference_that_matters_is_marked(old, new, marked):
    row = only_row(old, new)

    assert row.change == "changed"
    assert f"<ins{marked}ins>" in row.new
    assert "<del>" in row.old


def test_similar_blocks_are_paired_in_order_and_the_rest_is_removed_or_added():
    old = "We keep your data for ten days.\n\nNobody else reads it.\n\nThe end of it is here."
    new = "Entirely other words.\n\nWe keep your data for two years.\n\nThe end of it is near."

    rows = compare(old, new)

    assert [row.change for row in rows] == ["added", "changed", "removed", "changed"]
    assert "<del>ten days</del>" in rows[1].old
    assert rows[2] == Row("<p>Nobody else reads it.</p>\n", "", "removed")


def test_texts_with_nothing_in_common():
    assert changes("One two three.\n\n- Four\n- Five", "Six seven.\n\n# Eight") == [
        *["removed"] * 3,
        *["added"] * 2,
    ]


def test_an_empty_text_has_no_blocks():
    assert compare("", " \n") == []
    assert compare("", "# A\n\n- b\n- c") == [
        Row("", "<h1>A</h1>\n", "added"),
        Row("", "<ul>\n<li>b</li>\n<li>c</li>\n</ul>\n", "added"),
    ]
    assert changes("a", "") == ["removed"]


def test_summary_counts_what_is_not_the_same():
    rows = compare("# A\n\nb c d\n\n---", "# A\n\nb c e\n\n`f`\n\ng")

    assert summary(rows) == Summary(changed=1, added=2, removed=1)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[a](javascript:alert(1))",
        "![a](https://elsewhere.example/p.png)",
        "![a](data:text/html,x)",
        "<javascript:alert(1)>",
        '[a](/x "\\"><script>alert(1)</script>")',
        "<ins onclick=alert(1)>not by us</ins> <del>nor this</del>",
        "**never closed _at all",
        "**a *b** c* `d* e`",
        "a|b\n-|-\n<script>|[c](javascript:x)",
        "```\n</code></pre><script>alert(1)</script>\n```",
        "- a\n  > b\n  > - <script>\n\n1. c",
        "> " * 2000 + "deep",
        "*a " * 2000 + "a* " * 2000,
        "&lt;script&gt; &#60;script&#62; &#0;",
    ],
)
def test_hostile_text_is_shown_and_does_nothing(hostile):
    for old, new in (("", hostile), (hostile, f"New. {hostile} New."), (hostile, "plain")):
        for row in compare(old, new):
            for tag, attributes in Reader(row.old + row.new).tags:
                assert tag in {*FORMATTING, *MARKS}
                assert {*attributes} <= {"href", "title", "rel", "start"}
                assert str(attributes.get("href", "/")).startswith(("/", "https:"))


def test_marks_typed_by_hand_stay_text():
    row = only_row("one two three four", "one two three four <ins>five</ins>")

    assert row.new == ("<p>one two three four <ins>&lt;ins&gt;five&lt;/ins&gt;</ins></p>\n")


def test_a_table_is_compared_as_the_text_it_is():
    row = only_row("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 3 |")

    assert row.change == "changed"
    assert "<ins>3</ins>" in row.new


WORDS = st.sampled_from(
    ["dữ", "liệu", "của", "quý", "khách", "**15**", "ngày.", "[luật](/a)", "`x`"]
)
LINES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)
ORDERLY = st.one_of(
    LINES,
    LINES.map("## {}".format),
    st.lists(LINES, min_size=1, max_size=4).map(lambda lines: "- " + "\n- ".join(lines)),
    st.lists(LINES, min_size=1, max_size=4).map(lambda lines: "1. " + "\n1. ".join(lines)),
)
DISORDERLY = st.text(alphabet="abc đê.*_#-<>&1`[]()!\u0301\\ \n", max_size=60)
TEXTS = st.lists(ORDERLY | DISORDERLY, max_size=8).map("\n\n".join)


@settings(deadline=None)  # a busy machine is no fault of the comparison
@given(old=TEXTS, new=TEXTS)
def test_the_rows_hold_all_of_each_text_in_order(old, new):
    rows = compare(old, new)

    assert read(row.old for row in rows).words == read_text(old).words
    assert read(row.new for row in rows).words == read_text(new).words


@settings(deadline=None)  # a busy machine is no fault of the comparison
@given(old=TEXTS, new=TEXTS)
def test_what_is_not_marked_is_the_same_on_both_sides(old, new):
    for row in compare(old, new):
        if row.change in ("same", "changed"):
            assert Reader(row.old).unmarked == Reader(row.new).unmarked
        else:
            assert Reader(row.old + row.new).unmarked == Reader(row.old + row.new).words
            assert (row.old == "") == (row.change == "added")
            assert (row.new == "") == (row.change == "removed")


@settings(deadline=None)  # a busy machine is no fault of the comparison
@given(text=TEXTS)
def test_a_text_compared_with_itself_has_no_change(text):
    rows = compare(text, text)

    assert {row.change for row in rows} <= {"same"}
    assert summary(rows) == Summary(0, 0, 0)


def read(parts: Iterable[str]) -> Reader:
    return Reader("".join(parts))


def read_text(text: str) -> Reader:
    return Reader(to_html(parse(normalize("NFC", text))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([f"old{n} " * 30 for n in range(200)], [f"new{n} " * 30 for n in range(200)]),
        (
            [f"{n} " + "both " * 30 for n in range(200)],
            [f"{n}{n}" + " both" * 30 for n in range(200)],
        ),
        (["a " * 15_000], ["a b " * 7_500]),
        ([f"x{n} u{n} " for n in range(2_500)], [f"x{n} v{n} " for n in range(2_500)]),
        (["- a"] * 5_000, ["- b", "- a"] * 2_500),
        (["*a " * 5_000], ["*a " * 5_000 + "a* " * 5_000]),
        (["a" + "\u0301\u0323" * 10_000], ["a" + "\u0323\u0301" * 10_000]),
    ],
)
def test_no_pair_of_texts_takes_long(old, new):
    before = time.process_time()

    assert compare("\n\n".join(old), "\n\n".join(new))
    assert compare(" ".join(old), " ".join(new))

    assert time.process_time() - before < 10  # a bound against endless work, no measure of speed
