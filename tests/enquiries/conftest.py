import pytest

from common.tokens import new_public_id
from enquiries.models import Enquiry
from enquiries.services import confirm_enquiry, send_enquiry
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.clients import PortalClient
from tests.factories import make_staff

TYPED = {
    "name": "Ngô Thảo",
    "email": "thao@example.com",
    "phone": "+84905222333",
    "message": "Các bạn giữ số của tôi bao lâu?",
}


def make_enquiry(*, confirmed: bool = True, **typed) -> Enquiry:
    """An enquiry as its sender makes it, confirmed or not."""
    values = {**TYPED, "submission": new_public_id(), "language": "vi", **typed}
    enquiry = send_enquiry(**values)
    return confirm_enquiry(enquiry.public_id) if confirmed else enquiry


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, language="en")
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return user


@pytest.fixture
def dpo(db):
    client = PortalClient()
    client.force_login(make_staff(DPO))
    return client
