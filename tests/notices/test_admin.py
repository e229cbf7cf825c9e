import pytest

from notices.models import Notice
from notices.services import queue_rendered
from privacyportal.roles import ADMINISTRATOR, COMPLAINT_OFFICER
from tests.factories import make_staff

NOTICES = "/admin/notices/notice/"


def test_whether_a_mail_left_is_shown_and_not_what_it_says(client, db):
    queue_rendered("sign_in", address="hoa@example.com", subject="Mã", body="Mã: 123456")
    notice = Notice.objects.get()
    client.force_login(make_staff(ADMINISTRATOR))

    pages = [client.get(NOTICES), client.get(f"{NOTICES}{notice.pk}/change/")]

    for page in pages:
        assert "sign_in" in page.content.decode()
        for secret in ("hoa@", "123456", "Mã"):
            assert secret not in page.content.decode()


@pytest.mark.parametrize("lookup", ["address=hoa@example.com", "body__contains=1"])
def test_a_secret_is_not_guessed_by_a_lookup(lookup, client, db):
    client.force_login(make_staff(ADMINISTRATOR))

    assert client.get(f"{NOTICES}?{lookup}").status_code == 400


def test_an_officer_does_not_see_the_notices(client, db):
    client.force_login(make_staff(COMPLAINT_OFFICER))

    assert client.get(NOTICES).status_code == 403
