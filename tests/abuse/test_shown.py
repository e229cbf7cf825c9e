"""What people wrote is text wherever it goes: pages of the desk, mails, paper, tables."""

import csv
import io
import re

import pytest
from django.apps import apps
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.db.models import URLField
from django.urls import reverse
from simple_history.models import HistoricalChanges

from accounts.closed_pages import token_of
from accounts.closing import close_account
from notices.services import send_due_notices
from policies.models import Company
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.abuse.test_form import SCRIPTS
from tests.clients import PortalClient
from tests.factories import answer, decide, make_complaint, make_customer, make_staff
from tests.marketing.conftest import decide as consent
from tests.marketing.conftest import make_issue
from tests.marketing.test_newsletter import send

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("hostile", SCRIPTS)]


def signed_in(user):
    client = PortalClient()
    client.force_login(user)
    return client


def assert_text(page):
    """No mark-up of theirs, no link of theirs, nothing computed."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not re.search(r'(?:href|src|action)="\s*javascript:', page, re.IGNORECASE)
    assert "49" not in re.findall(r">\s*(49)\s*<", page)


def test_form_08_the_reason_of_a_hold(hostile):
    customer = make_customer()
    dpo = signed_in(make_staff(DPO))
    data = {
        "public_id": customer.public_id,
        "authority": hostile,
        "document": "1",
        "reason": hostile,
    }

    assert dpo.post("/admin/retention/legalhold/add/", data).status_code == 302

    hold = customer.legal_holds.get()
    assert hold.reason == hostile
    for step in ("change", "history"):
        assert_text(dpo.get(f"/admin/retention/legalhold/{hold.pk}/{step}/").text)
    assert_text(dpo.get("/admin/retention/legalhold/").text)


def test_form_08_the_answer_to_a_complaint(hostile):
    officer = make_staff(COMPLAINT_OFFICER)
    complaint = decide(make_complaint(text=hostile), by=officer)
    answer(complaint, by=officer, solution=hostile, cause=hostile)

    page = signed_in(complaint.customer.user).get(complaint.get_absolute_url()).text
    assert_text(page)
    desk = signed_in(officer).get(f"/admin/complaints/complaint/{complaint.pk}/change/").text
    assert_text(desk)
    send_due_notices()
    assert mail.outbox
    for message in mail.outbox:
        assert "\n" not in message.subject
        assert message.content_subtype == "plain"


def test_form_08_a_mail_with_a_page_in_it(hostile):
    customer = make_customer(is_verified=True, full_name=hostile)
    consent(customer, "given")
    body = f"{hostile}\n\n[{hostile}](javascript:alert(1)) [x](data:text/html,x)"

    (message,) = send(make_issue(subject_vi=f"Tin {hostile}", body_vi=body))

    ((page, kind),) = message.alternatives
    assert kind == "text/html"
    assert_text(page)
    assert 'href="data:' not in page


def test_form_08_a_paper_holds_no_script_and_no_link(hostile):
    customer = make_customer(full_name=hostile, address=hostile)
    close_account(customer, by=customer.user)

    paper = PortalClient().get(reverse("closing_receipt_pdf", args=[token_of(customer.public_id)]))

    content = paper.content if not paper.streaming else b"".join(paper)
    assert content.startswith(b"%PDF")
    for action in (b"/JavaScript", b"/JS", b"/URI", b"/OpenAction /", b"/Launch"):
        assert action not in content


def test_form_08_a_table_to_download(hostile):
    dpo = signed_in(make_staff(DPO))
    file = SimpleUploadedFile("a.csv", f'Họ và tên;Email\n"{hostile}";=1+1\n'.encode())
    page = dpo.post("/admin/accounts/customer/import_file/", {"file": file}, follow=True)
    assert_text(page.text)

    table = dpo.get(f"{page.redirect_chain[-1][0]}faults.csv").content.decode("utf-8-sig")

    cells = [cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_form_10_no_address_that_pages_link_to_is_a_script(hostile):
    """The theme of the desk links whatever such a column holds, as the foot of every page does."""
    columns = [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, URLField) and not issubclass(model, HistoricalChanges)
    ]
    assert columns == [(Company, Company._meta.get_field("website"))]

    with pytest.raises(IntegrityError, match="company_website_is_one"), transaction.atomic():
        Company.objects.update(website=hostile)
    assert not Company.objects.filter(website=hostile).exists()
