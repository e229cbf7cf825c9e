"""What becomes of an enquiry: answered, settled, dismissed; and its address serves nothing else."""

import pytest
from django.core import mail
from django.db import IntegrityError

from enquiries.exceptions import EnquiryError, EnquiryGone
from enquiries.mails import MAILS
from enquiries.models import Enquiry, EnquiryState
from enquiries.services import answer_enquiry, confirm_enquiry, dismiss_enquiry, settle_by_phone
from notices.models import Notice, NoticeState
from notices.services import queue_mailing, queue_notice, send_due_notices
from privacyportal.roles import COMPLAINT_OFFICER
from tests.enquiries.conftest import TYPED, make_enquiry
from tests.factories import make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    return make_staff(COMPLAINT_OFFICER)


def answer(enquiry, staff, **values):
    answer_enquiry(enquiry, **{"answer": "Một năm.", "is_complaint": False, "by": staff, **values})


def sent_to_the_sender():
    mail.outbox.clear()
    Notice.objects.exclude(template="enquiry_answered").update(state=NoticeState.DROPPED)
    send_due_notices()
    return mail.outbox


def test_the_answer_is_mailed_in_the_senders_language(staff):
    enquiry = make_enquiry(language="en")
    answer(enquiry, staff, answer="One year & a day.")

    (message,) = sent_to_the_sender()

    assert message.to == [TYPED["email"]]
    assert enquiry.reference in message.subject
    assert "Hello Ngô Thảo," in message.body
    assert "One year & a day." in message.body
    assert "complaint" not in message.body
    assert "We keep your message" in message.body


def test_a_complaint_in_disguise_is_told_how_to_complain(staff):
    enquiry = make_enquiry(language="en")
    answer(enquiry, staff, is_complaint=True)

    (message,) = sent_to_the_sender()

    assert "choose “Complaints”" in message.body


def test_an_address_that_nobody_confirmed_is_not_written_to(staff):
    enquiry = make_enquiry(confirmed=False)

    with pytest.raises(EnquiryError):
        answer(enquiry, staff)

    assert not Notice.objects.filter(template="enquiry_answered").exists()
    with pytest.raises(IntegrityError, match="enquiry_mailed_to_a_confirmed_address"):
        Enquiry.objects.filter(pk=enquiry.pk).update(state=EnquiryState.OPEN)


def test_whoever_left_a_number_can_be_answered_by_phone_without_confirming(staff):
    enquiry = make_enquiry(confirmed=False)
    settle_by_phone(enquiry, by=staff)
    assert enquiry.state == EnquiryState.PHONED

    with pytest.raises(EnquiryError):
        settle_by_phone(make_enquiry(phone=""), by=staff)


def test_confirming_what_is_closed_already_opens_nothing(staff):
    enquiry = make_enquiry(confirmed=False)
    dismiss_enquiry(enquiry, by=staff)

    assert confirm_enquiry(enquiry.public_id).state == EnquiryState.DISMISSED


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_answer_has_words(text, staff):
    with pytest.raises(EnquiryError):
        answer(make_enquiry(), staff, answer=text)


def test_nothing_is_done_twice(staff):
    enquiry = make_enquiry()
    answer(enquiry, staff)

    for step in (answer, lambda enquiry, staff: dismiss_enquiry(enquiry, by=staff)):
        with pytest.raises(EnquiryError):
            step(enquiry, staff)
    assert Notice.objects.filter(template="enquiry_answered").count() == 1


def test_two_officers_at_once_send_one_answer(portal):
    staff = make_staff(COMPLAINT_OFFICER)
    enquiry = make_enquiry()
    copies = [Enquiry.objects.get(pk=enquiry.pk) for _ in range(3)]

    outcomes = at_once(*[lambda each=each: answer(each, staff) for each in copies])

    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "EnquiryError",
        "EnquiryError",
        "NoneType",
    ]
    assert Notice.objects.filter(template="enquiry_answered").count() == 1


def test_an_enquiry_that_is_erased_meanwhile_takes_no_answer(staff):
    enquiry = make_enquiry()
    Enquiry.objects.filter(pk=enquiry.pk).delete()

    with pytest.raises(EnquiryGone):
        answer(enquiry, staff)


def test_spm_2_the_address_is_found_for_no_other_notice(staff):
    enquiry = make_enquiry()
    Notice.objects.update(state=NoticeState.DROPPED)
    queue_notice("details_changed", recipient=enquiry.public_id, key="other", path="/me/")
    senders = Enquiry.objects.values_list("public_id", flat=True)
    queue_mailing("policy_published", mailing="policy-1", recipients=senders, version=1)

    send_due_notices()

    assert not mail.outbox
    others = Notice.objects.exclude(template__in=MAILS)
    assert set(others.values_list("state", flat=True)) == {NoticeState.DROPPED}


def test_no_notice_holds_the_address_or_the_words(staff):
    answer(make_enquiry(), staff, answer="Một năm.")

    rows = str(list(Notice.objects.values()))

    assert Notice.objects.count() == 2
    assert [word for word in (*TYPED.values(), "Một năm.") if word in rows] == []
