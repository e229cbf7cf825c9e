"""Which part is asked for, by RFC 9110."""

import pytest

from calls.ranges import NotSatisfiable, asked_part

ETAG = '"a"'


def part(**headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked_part(names, size=100, etag=ETAG)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=99-", (99, 100)),
        ("bytes=90-5000", (90, 100)),
        ("bytes=90-" + "9" * 400, (90, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-5000", (0, 100)),
        ("Bytes= 10-19 ", (10, 20)),
    ],
)
def test_one_range_is_that_part(asked, given):
    assert part(Range=asked) == given


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1",
        "bytes=20-10",
        "bytes=--5",
        "bytes=+1-5",
        "bytes=1-5;",
        "bytes=٠-٩",
        "items=0-9",
        "bytes=0-1,5-6",
        "bytes=0-1, -1",
    ],
)
def test_no_range_several_or_nonsense_is_the_whole(asked):
    assert part(Range=asked) is None


def test_without_the_header_it_is_the_whole():
    assert part() is None


@pytest.mark.parametrize(
    "asked", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 400 + "-"]
)
def test_a_range_behind_the_end_is_refused(asked):
    with pytest.raises(NotSatisfiable):
        part(Range=asked)


@pytest.mark.parametrize(
    ("condition", "given"),
    [
        ('"a"', (0, 10)),
        ('"b"', None),
        ('W/"a"', None),
        ("Tue, 24 Nov 2026 02:00:00 GMT", None),
        ("", None),
    ],
)
def test_a_part_of_another_recording_is_never_sent(condition, given):
    assert part(Range="bytes=0-9", If_Range=condition) == given
    assert part(Range="bytes=500-", If_Range='"b"') is None
