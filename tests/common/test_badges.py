from unfold.utils import display_for_label

from common.admin import badge


@badge(description="state", tones={"open": "success"})
def state(admin, row):
    return row


def test_a_badge_shows_its_text_also_where_its_code_has_no_tone():
    for code in ("open", "closed"):
        assert "Words" in display_for_label(state(None, (code, "Words")), "-", state.label)
    assert "Words" not in display_for_label(state(None, ("", "Words")), "-", state.label)


def test_a_page_of_one_row_shows_the_text_alone():
    assert str(state(None, ("open", "Words"))) == "Words"
