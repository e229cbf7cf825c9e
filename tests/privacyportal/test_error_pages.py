"""The pages that must come even when nothing else does: no request, no database, no catalogue."""

import pytest
from django.template.loader import render_to_string

FAULTS = ["400", "403", "403_csrf", "404", "410", "410_quarantined", "413", "429", "500", "503"]


@pytest.mark.parametrize("name", FAULTS)
def test_error_pages_speak_both_languages_and_need_nothing(name):
    page = render_to_string(f"{name}.html")

    assert '<html lang="vi">' in page
    assert "Về trang chủ" in page
    assert '<div class="card" lang="en">' in page
    assert "Home page" in page
    assert "{%" not in page


def test_an_unknown_address_says_so(client):
    response = client.get("/no-such-page/")

    assert response.status_code == 404
    assert "Không tìm thấy trang" in response.text
