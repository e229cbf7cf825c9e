import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.comparison import compare, summary

MARK = re.compile(r"</?(?:ins|del)>")
PARAGRAPHS = st.lists(st.text(alphabet="abc đê.*_#-<>&1`[]() \n", max_size=40), max_size=6).map(
    "\n\n".join
)


def changes(old, new):
    return [row.change for row in compare(old, new)]


def test_equal_texts_have_no_change():
    text = "# A\n\nMột **hai**.\n\n- x\n- y\n"
    assert set(changes(text, text)) == {"same"}
    assert summary(compare(text, text)) == (0, 0, 0)


def test_a_changed_word_is_marked_on_both_sides_within_its_formatting():
    (row,) = compare("Giữ dữ liệu **mười hai** tháng.", "Giữ dữ liệu **sáu** tháng.")

    assert row.change == "changed"
    assert row.old == "<p>Giữ dữ liệu <strong><del>mười hai</del></strong> tháng.</p>\n"
    assert row.new == "<p>Giữ dữ liệu <strong><ins>sáu</ins></strong> tháng.</p>\n"


def test_lines_broken_elsewhere_are_the_same():
    assert changes("Một hai\nba bốn.", "Một\nhai ba bốn.") == ["same"]


def test_one_changed_item_does_not_mark_the_whole_list():
    old = "- tên và địa chỉ\n- số điện thoại\n- thư điện tử"
    new = "- tên và địa chỉ\n- số điện thoại bàn\n- thư điện tử"

    assert changes(old, new) == ["same", "changed", "same"]


def test_a_new_and_a_dropped_paragraph_stand_alone():
    old = "Một.\n\nPhần này không còn nữa.\n\nBa."
    new = "Một.\n\nBa.\n\nĐiều hoàn toàn khác về thời hạn."

    rows = compare(old, new)

    assert [row.change for row in rows] == ["same", "removed", "same", "added"]
    assert rows[1].new == "" == rows[3].old
    assert summary(rows) == (0, 1, 1)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<ins onclick=alert(1)>x</ins>",
        "![x](https://elsewhere.example/p.png)",
        "**never closed _at all",
        "> " * 2000 + "deep",
        "| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_hostile_text_is_shown_and_does_nothing(hostile):
    for rows in (compare("", hostile), compare(hostile, "plain"), compare(hostile, hostile + " x")):
        html = "".join(row.old + row.new for row in rows)
        assert "<script" not in html
        assert "<img" not in html
        assert not re.search(r"<[^>]*(?:onclick|javascript:)", html)


def test_marks_typed_by_hand_stay_text():
    (row,) = compare("Một hai ba bốn năm", "Một hai ba bốn năm <ins>sáu</ins>")
    assert row.change == "changed"
    assert "&lt;" in row.new
    assert "<ins>sáu</ins>" not in row.new


@given(old=PARAGRAPHS, new=PARAGRAPHS)
def test_without_its_marks_each_side_is_its_own_text(old, new):
    rows = compare(old, new)
    alone_old = [row.old for row in compare(old, old)]
    alone_new = [row.new for row in compare(new, new)]

    assert words(row.old for row in rows) == words(alone_old)
    assert words(row.new for row in rows) == words(alone_new)


def words(parts):
    """Return the text in order; a list that was taken apart has its items in lists of their own."""
    return re.sub(r"<[^>]*>|\s+", " ", MARK.sub("", "".join(parts))).split()


def test_long_texts_with_no_word_in_common_end_soon():
    old = "\n\n".join(f"old{n} " * 60 for n in range(400))
    new = "\n\n".join(f"new{n} " * 60 for n in range(400))

    before = perf_counter()
    rows = compare(old, new)

    assert summary(rows) == (0, 400, 400)
    assert perf_counter() - before < 60  # a bound against endless work, not a measure of speed
