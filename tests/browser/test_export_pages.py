"""A customer takes all their data with them, in a real browser."""

import zipfile

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from rights.exports import make_next_export
from tests.browser.visitors import in_language, newest_mail
from tests.factories import PASSWORD, make_complaint, make_customer, make_evidence


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_customer_asks_for_a_copy_and_downloads_it(language, visitor, site, client):
    page, look, say = visitor.page, visitor.look, in_language(language)
    customer = make_customer(language=language, is_verified=True)
    make_evidence(make_complaint(customer=customer))
    client.force_login(customer.user, fresh=False)
    visitor.enter(client)
    visitor.speak(language)
    page.goto(site + reverse("data"))
    look()
    last_kind = page.locator(".kind .facts").last
    expect(last_kind).not_to_be_visible()
    page.emulate_media(media="print")
    expect(last_kind).to_be_visible()
    page.emulate_media(media="screen")
    page.get_by_role("link", name=say("Take your data with you…")).click()
    look()
    page.get_by_role("button", name=say("Make a copy of my data")).click()
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=say("Make a copy of my data"))).to_be_disabled()
    look()

    assert make_next_export()
    page.reload()
    look()
    with page.expect_download() as waiting:
        page.get_by_role("link", name=say("Download")).click()
    archive = zipfile.ZipFile(waiting.value.path())
    assert {"README.txt", "data.json", "contact.csv"} < set(archive.namelist())
    page.reload()
    expect(page.get_by_text(say("Last collected"))).to_be_visible()
    mail = newest_mail()
    assert mail.subject == say("The copy of your data is ready")
    assert site + reverse("export") in mail.body
