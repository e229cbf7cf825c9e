from common.templatetags.portal import markdown


def test_a_policy_is_formatted_and_nothing_more():
    html = markdown("# Hello\n\n[a](javascript:alert(1)) <script>alert(1)</script> **b**")

    assert "<h1>Hello</h1>" in html
    assert "<strong>b</strong>" in html
    assert "<script" not in html
    assert "href" not in html


def test_headings_step_down_under_a_title():
    assert markdown("# A\n\n###### B", 2).split() == ["<h3>A</h3>", "<h6>B</h6>"]
