"""“Question this access”: from the page of who saw my data to a complaint about that look."""

import re

import pytest
from django.urls import reverse

from access.models import AccessAction, AccessRecord
from access.naming import name_of
from access.purposes import COMPLAINT_HANDLING
from access.services import record_access
from common.personal_data import DataCategory
from common.tokens import new_public_id
from complaints.models import Complaint
from privacyportal.roles import COMPLAINT_OFFICER
from tests.clients import PortalClient
from tests.factories import make_customer, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(client):
    customer = make_customer()
    client.force_login(customer.user)
    return customer


@pytest.fixture
def officer():
    return make_staff(COMPLAINT_OFFICER)


def look(officer, customer) -> AccessRecord:
    return record_access(
        by=officer,
        action=AccessAction.REVEAL,
        customer=customer.public_id,
        purpose=COMPLAINT_HANDLING,
        field_groups=[DataCategory.CONTACT],
    )


def links_on(client) -> list[str]:
    page = client.get(reverse("accesses")).text
    return re.findall(r'href="(/complaints/new/\?access=[^"]+)"', page)


def file(client, name):
    form = {
        "submission": new_public_id(),
        "category": "unauthorised",
        "text": "Ai đã xem số của tôi?",
        "access": name,
    }
    return client.post(reverse("file_complaint"), form)


def test_a_record_leads_to_a_complaint_about_it_kept_from_who_looked(client, customer, officer):
    record = look(officer, customer)
    (link,) = links_on(client)

    form = client.get(link)
    response = file(client, form.context["access"])

    assert form.context["form"]["category"].value() == "unauthorised"
    assert re.search('value="unauthorised"[^>]* checked', form.text)
    complaint = Complaint.objects.get()
    again = client.get(reverse("accesses")).text
    assert f'href="{complaint.get_absolute_url()}"' in again
    assert (complaint.reference in again, links_on(client)) == (True, [])
    assert [each.record for each in complaint.questioned_accesses.all()] == [record]
    assert [each.staff for each in complaint.conflicts.all()] == [officer]
    assert "Lượt truy cập bị khiếu nại" in client.get(response.url).text
    desk = PortalClient()
    desk.force_login(officer)
    page = reverse("admin:complaints_complaint_change", args=[complaint.pk])
    refused = desk.get(page, follow=True)
    assert [str(message) for message in refused.context["messages"]] == [
        "Trang này không tồn tại hoặc bạn không có quyền xem."
    ]


def test_a_link_tells_no_number(client, customer, officer):
    AccessRecord.objects.create(
        pk=987_654_321,
        actor=officer,
        role="x",
        action="open",
        customer=customer.public_id,
        purpose=COMPLAINT_HANDLING,
        field_groups=[],
    )

    assert "987654321" not in client.get(reverse("accesses")).text


def test_the_record_of_another_is_not_questioned(client, customer, officer):
    other = make_customer()
    theirs = look(officer, other)

    for name in (
        name_of(theirs, other.public_id),  # their link in other hands
        name_of(theirs, customer.public_id),  # forged, were that possible
        str(theirs.pk),
        "v1.x.y",
    ):
        assert client.get(reverse("file_complaint"), {"access": name}).status_code == 404
        assert file(client, name).status_code == 404
    assert not Complaint.objects.exists()
