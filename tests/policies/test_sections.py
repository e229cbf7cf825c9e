import time

import pytest
from django.utils import translation

from policies.profile_files import known_profiles, read_profile
from policies.sections import EmptyText, Heading, StructureFault, outline, structure_faults


@pytest.fixture(autouse=True)
def speak_english():
    with translation.override("en"):
        yield


def text(*headings: str) -> str:
    return "\n\nWords.\n\n".join(headings)


def test_outline_holds_every_heading_in_order():
    written = """
# The *policy* of `us` & [you](/x)

Setext
======

Over two
lines
-----

## Closed ##
"""

    assert outline(written) == [
        Heading(1, "The policy of us & you"),
        Heading(1, "Setext"),
        Heading(2, "Over two lines"),
        Heading(2, "Closed"),
    ]


@pytest.mark.parametrize(
    "written",
    [
        "```\n# In a code block\n```",
        "    # Indented as code",
        "~~~ md\n## Fenced\n",
        "#No space",
        "####### Seven",
        "\\# Escaped",
        "<h1>Typed by hand</h1>",
        "",
    ],
)
def test_what_only_looks_like_a_heading_is_none(written):
    assert outline(written) == []


def test_texts_with_the_same_levels_have_no_fault():
    vi = text("# Chính sách", "## 1. Một", "### a", "## 2. Hai")
    en = text("Policy\n===", "One\n---", "### b", "## 3. Two")

    assert structure_faults(vi, en) == []


@pytest.mark.parametrize("profile", known_profiles())
def test_shipped_policies_have_no_fault(profile):
    policy = read_profile(profile).text

    assert structure_faults(policy.vi, policy.en) == []


def test_different_levels_are_told_with_both_headings():
    vi = text("# A", "## 1. B", "## 2. Thời hạn lưu trữ", "## 3. D")
    en = text("# A", "## 1. B", "### 2. Storage", "## 3. D")

    (fault,) = structure_faults(vi, en)

    assert fault == StructureFault(3, Heading(2, "2. Thời hạn lưu trữ"), Heading(3, "2. Storage"))
    assert str(fault) == (
        "Section 3: the Vietnamese text has “2. Thời hạn lưu trữ” (level 2), "
        "the English text has “2. Storage” (level 3)."
    )


def test_a_missing_section_is_one_fault_at_its_place():
    numbers = range(1, 16)
    whole = text("# A", *(f"## {number}. Mục" for number in numbers))
    lacking = text("# A", *(f"## {number}. Section" for number in numbers if number != 4))

    (in_english,) = structure_faults(whole, lacking)
    (in_vietnamese,) = structure_faults(lacking, whole)

    assert str(in_english) == (
        "Section 5: the Vietnamese text has “4. Mục” (level 2), "
        "the English text has no section there."
    )
    assert str(in_vietnamese) == (
        "Section 5: the English text has “4. Mục” (level 2), "
        "the Vietnamese text has no section there."
    )


def test_a_missing_section_without_number_is_found_by_its_level():
    vi = text("# A", "## B", "### C", "## D", "## E")
    en = text("# A", "## B", "## D", "## E")

    assert structure_faults(vi, en) == [StructureFault(3, Heading(3, "C"), None)]


def test_numbers_of_one_language_alone_are_no_fault():
    vi = text("# A", "## 1. B", "### 1.1. C", "## 2. D")
    en = text("# A", "## B", "### C", "## D")

    assert structure_faults(vi, en) == []


def test_a_heading_may_hold_a_percent_sign():
    (fault,) = structure_faults("# 100%(x)s", "Words.")

    assert "“100%(x)s”" in str(fault)


def test_only_the_first_faults_are_told():
    faults = structure_faults(text(*["# A"] * 50), text(*["## A"] * 50))

    assert [fault.position for fault in faults] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("empty", ["", " \n\t", "[unused]: /x"])
def test_an_empty_text_is_a_fault(empty):
    assert structure_faults(empty, "# A") == [EmptyText("vi")]
    assert structure_faults("# A", empty) == [EmptyText("en")]
    assert [*map(str, structure_faults(empty, empty))] == [
        "The Vietnamese text is empty.",
        "The English text is empty.",
    ]


def test_texts_of_nothing_but_headings_are_judged_in_time():
    vi, en = "# a\n## b\n" * 5_000, "## b\n### c\n# a\n" * 3_000
    start = time.process_time()

    assert structure_faults(vi, en)

    assert time.process_time() - start < 20
