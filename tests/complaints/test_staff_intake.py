"""Complaints by post, phone, email and at the counter, written down by staff."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from accounts.models import Customer
from casework.exceptions import ConflictOfInterest
from casework.judging import classify_case
from common.tokens import new_public_id
from complaints.models import Complaint
from complaints.services import verify_complaint
from policies.counting import local_day, midnight
from policies.models import Assignment, CalendarRange, Company
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.evidence_files import picture
from tests.factories import content_of, make_complaint, make_customer, make_staff, make_user

QUEUE = "/admin/complaints/complaint/"
RECORD = f"{QUEUE}record/"
NEW = f"{QUEUE}record/new/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def page_for(customer):
    return f"{QUEUE}record/for/{customer.public_id}/"


def typed(**kwargs):
    return {
        "submission": new_public_id(),
        "channel": "post",
        "received_at": f"{timezone.localtime() - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "category": "shared",
        "text": "Công ty đưa số của tôi cho bên khác.",
        **kwargs,
    }


def refusal(client, customer, **kwargs):
    response = client.post(page_for(customer), typed(**kwargs))
    assert response.status_code == 200
    assert not Complaint.objects.exists()
    return response.context_data["form"].errors.as_text()


class TestFinding:
    @pytest.mark.parametrize("by", ["email", "phone", "public_id"])
    def test_a_customer_is_found_by_what_they_tell_and_it_is_recorded(self, by, client, officer):
        customer = make_customer(full_name="Trần Thị Hoa", email="hoa@example.com", user=None)
        make_customer(user=None)

        page = client.post(RECORD, {"term": getattr(customer, by)}).text

        record = AccessRecord.objects.get()
        assert page_for(customer) in page
        assert "h•••@example.com" in page
        assert "Hoa" not in page
        assert (record.action, record.customer, record.filters) == (
            AccessAction.SEARCH,
            customer.public_id,
            [by],
        )

    def test_all_who_share_a_number_are_offered(self, client, officer):
        family = [make_customer(user=None, phone="+84912345678") for _ in range(2)]

        page = client.post(RECORD, {"term": "0912 345 678"}).text

        assert [page_for(each) in page for each in family] == [True, True]

    @pytest.mark.parametrize("term", ["Trần Thị Hoa", "Hoa", "ho@example.com"])
    def test_nobody_is_found_by_a_name_or_by_a_part(self, term, client, officer):
        customer = make_customer(full_name="Trần Thị Hoa", email="hoa@example.com", user=None)

        page = client.post(RECORD, {"term": term}).text

        assert page_for(customer) not in page
        assert "No customer is found." in page
        assert AccessRecord.objects.get().count == 0

    def test_who_never_proved_the_address_is_not_taken_for_its_owner(self, client, officer):
        stranger = make_customer(email="hoa@example.com")  # signed up, address not proved

        assert page_for(stranger) not in client.post(RECORD, {"term": "hoa@example.com"}).text
        assert client.get(page_for(stranger)).status_code == 404


class TestRecording:
    def test_the_clock_runs_from_the_true_receipt(self, client, officer):
        customer = make_customer(user=None)
        received = timezone.localtime().replace(second=0, microsecond=0) - timedelta(days=10)

        answer = client.post(page_for(customer), typed(received_at=f"{received:%Y-%m-%dT%H:%M}"))

        complaint = Complaint.objects.get()
        started = {clock.explanation["started_at"][:16] for clock in complaint.clocks.all()}
        assert answer.url == f"{QUEUE}{complaint.pk}/change/"
        assert (complaint.customer, complaint.channel) == (customer, "post")
        assert (complaint.category, complaint.text) == ("shared", typed()["text"])
        assert complaint.received_at == received
        assert local_day(complaint.recorded_at) == timezone.localdate()
        assert len(started) == 1
        assert complaint.events.get().by == officer
        assert complaint.history.earliest().history_user == officer

    def test_what_is_judged_at_once_sets_the_term(self, client, officer):
        client.post(page_for(make_customer(user=None)), typed(severity="high", complexity="simple"))

        complaint = Complaint.objects.get()
        assert (complaint.severity, complaint.complexity) == ("high", "simple")
        assert complaint.clocks.get(limit__family="promise").explanation["length"] == 7

    def test_scans_are_kept_with_it(self, client, officer):
        scan = SimpleUploadedFile("thư.png", picture("PNG"), "image/png")

        client.post(page_for(make_customer(user=None)), typed(evidence=scan))

        evidence = Complaint.objects.get().evidence.get()
        assert evidence.name == "thư.png"
        assert content_of(evidence).startswith(b"\x89PNG")

    def test_whom_it_is_about_is_kept_away_even_who_wrote_it_down(self, client, officer):
        answer = client.post(page_for(make_customer(user=None)), typed(about=[officer.pk]))

        complaint = Complaint.objects.get()
        assert answer.url == QUEUE
        assert client.get(f"{QUEUE}{complaint.pk}/change/").status_code == 302
        assert complaint.conflicts.get().staff == officer

    def test_staff_decide_on_no_complaint_of_their_own_but_may_end_it(self, client, officer):
        colleague = make_staff(COMPLAINT_OFFICER)
        customer = make_customer(user=colleague, is_verified=True)
        for _ in range(2):
            client.post(page_for(customer), typed())
        client.force_login(colleague)

        desk = client.get(QUEUE).text
        for complaint, step in zip(Complaint.objects.all(), ("withdraw", "escalate"), strict=True):
            assert complaint.reference not in desk
            with pytest.raises(ConflictOfInterest):
                verify_complaint(complaint, by=colleague)
            client.post(
                f"{complaint.get_absolute_url()}{step}/", {"authority-authority": "Cục A05"}
            )

        states = set(Complaint.objects.values_list("state", flat=True))
        assert states == {"withdrawn", "escalated"}

    def test_the_same_form_sent_twice_makes_one(self, client, officer):
        customer, form = make_customer(user=None), typed()

        answers = [client.post(page_for(customer), form) for _ in range(2)]

        assert answers[0].url == answers[1].url
        assert Complaint.objects.count() == 1

    def test_another_complaint_in_the_same_form_is_asked_about(self, client, officer):
        customer, form = make_customer(user=None), typed()
        client.post(page_for(customer), form)

        asked = client.post(page_for(customer), {**form, "text": "Việc khác."})
        renewed = asked.context_data["form"]["submission"].value()
        client.post(page_for(customer), {**form, "text": "Việc khác.", "submission": renewed})

        assert Complaint.objects.count() == 2

    @pytest.mark.parametrize("changed", ["channel", "received_at", "complexity", "about"])
    def test_so_is_one_that_differs_in_what_staff_add(self, changed, client, officer):
        customer, form = make_customer(user=None), typed()
        client.post(page_for(customer), form)
        others = {
            "channel": "phone",
            "received_at": f"{timezone.localtime() - timedelta(hours=3):%Y-%m-%dT%H:%M}",
            "complexity": "complex",
            "about": [make_staff(COMPLAINT_OFFICER).pk],
        }
        other = {**form, changed: others[changed]}

        asked = client.post(page_for(customer), other)
        renewed = asked.context_data["form"]["submission"].value()
        client.post(page_for(customer), {**other, "submission": renewed})

        first, second = Complaint.objects.order_by("pk")
        assert (first.conflicts.count(), second.conflicts.count()) == (0, int(changed == "about"))

    def test_the_same_form_sent_again_after_it_was_judged_makes_one(self, client, officer):
        customer = make_customer(user=None)
        form = typed(severity="low", complexity="simple", about=[make_staff(DPO).pk])
        client.post(page_for(customer), form)
        complaint = Complaint.objects.get()
        classify_case(complaint, severity="high", complexity="complex", reason="Khó.", by=officer)

        again = client.post(page_for(customer), form)

        assert again.url == f"{QUEUE}{complaint.pk}/change/"
        assert Complaint.objects.count() == 1

    def test_a_receipt_to_come_is_refused(self, client, officer):
        later = timezone.localtime() + timedelta(hours=1)

        errors = refusal(client, make_customer(user=None), received_at=f"{later:%Y-%m-%dT%H:%M}")

        assert "still to come" in errors

    def test_a_receipt_before_the_calendar_is_refused_and_its_first_day_taken(
        self, client, officer
    ):
        customer = make_customer(user=None)
        first = timezone.localdate() - timedelta(days=40)
        CalendarRange.objects.update(covers_from=first)
        before = midnight(first) - timedelta(minutes=1)

        errors = refusal(
            client, customer, received_at=f"{timezone.localtime(before):%Y-%m-%dT%H:%M}"
        )
        client.post(page_for(customer), typed(received_at=f"{first:%Y-%m-%d}T00:00"))

        assert "no clock can run from before" in errors
        assert local_day(Complaint.objects.get().received_at) == first

    @pytest.mark.parametrize("channel", ["web", ""])
    def test_how_it_came_is_said(self, channel, client, officer):
        assert "channel" in refusal(client, make_customer(user=None), channel=channel)


class TestSomebodyNew:
    def test_is_recorded_without_a_sign_in_and_their_complaint_next(self, client, officer):
        details = {
            "full_name": "Lê Thị Mai",
            "email": "",
            "phone": "",
            "address": "5 Lê Lợi, Huế",
            "language": "vi",
        }

        answer = client.post(NEW, details)
        customer = Customer.objects.get()
        client.post(answer.url, typed(channel="counter"))

        assert answer.url == page_for(customer)
        assert (customer.user, customer.history.get().history_user) == (None, officer)
        assert Complaint.objects.get().customer == customer

    def test_who_is_known_already_is_offered_instead(self, client, officer):
        known = make_customer(user=None, phone="+84912345678", email="mai@example.com")

        page = client.post(
            NEW, {"full_name": "Lê Thị Mai", "phone": "0912 345 678", "language": "vi"}
        ).text

        assert page_for(known) in page
        assert "m•••@example.com" in page
        assert Customer.objects.get() == known
        assert AccessRecord.objects.get().filters == ["phone"]

    def test_consents_stay_folded_until_one_is_told(self, client, officer):
        told = {"full_name": "Lê Thị Mai", "language": "vi", "consent_on": "2026-01-01"}

        folded, unfolded = client.get(NEW).text, client.post(NEW, told).text

        assert folded.index('name="phone"') < folded.index('name="is_another"')
        assert folded.index('name="is_another"') < folded.index('name="address"')
        is_open = '<details class="desk-fold" open>'
        assert (is_open in folded, is_open in unfolded) == (False, True)

    def test_needs_a_way_to_be_answered(self, client, officer):
        page = client.post(NEW, {"full_name": "Lê Thị Mai", "language": "vi"})

        assert page.status_code == 200
        assert not Customer.objects.exists()


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_without_the_role_record_nothing(method, role, client, db):
    customer = make_customer(user=None)
    client.force_login(make_staff(role))

    answers = {
        getattr(client, method)(page, typed(term=customer.email)).status_code
        for page in (RECORD, NEW, page_for(customer))
    }

    assert answers == {403}
    assert not Complaint.objects.exists()
    assert not AccessRecord.objects.exists()


class TestAutomaticAssignment:
    @pytest.fixture(autouse=True)
    def least_open(self, db):
        Company.objects.update(assignment=Assignment.LEAST_OPEN)

    def filed(self, client, **kwargs):
        client.post(page_for(make_customer(user=None)), typed(**kwargs))
        return Complaint.objects.latest("pk")

    def test_goes_to_who_has_the_fewest_open_ones(self, client, officer):
        colleague = make_staff(DPO)
        make_complaint(handler=officer)
        for _ in range(2):
            now = timezone.now()
            make_complaint(handler=colleague, state="withdrawn", received_at=now, closed_at=now)

        assert self.filed(client).handler == colleague

    def test_goes_to_the_longest_on_the_desk_of_those_who_have_as_many(self, client, officer):
        make_staff(COMPLAINT_OFFICER)

        complaint = self.filed(client)

        assert complaint.handler == officer
        assert list(complaint.events.values_list("code", flat=True)) == ["received", "assigned"]

    def test_passes_over_whom_it_is_about_and_who_may_not_or_no_longer_work(self, client, officer):
        make_staff(AUDITOR)
        make_staff(COMPLAINT_OFFICER, is_active=False)
        make_user(is_staff=True)
        busy = make_staff(COMPLAINT_OFFICER)
        make_complaint(handler=busy)

        assert self.filed(client, about=[officer.pk]).handler == busy

    def test_leaves_it_to_nobody_rather_than_to_whom_it_is_about(self, client, officer):
        complaint = self.filed(client, about=[officer.pk])

        assert complaint.handler is None
        assert list(complaint.events.values_list("code", flat=True)) == ["received"]

    def test_does_nothing_where_the_company_wants_it_by_hand(self, client, officer):
        Company.objects.update(assignment=Assignment.BY_HAND)

        assert self.filed(client).handler is None
