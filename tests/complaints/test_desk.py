"""The officers' desk: one case on one screen, many at once, and nothing overwritten."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from access.models import AccessAction, AccessRecord
from casework.models import CaseConflict, CaseEvent, CaseReminder, ConflictCause
from casework.services import assign_case, exclude_staff
from common.personal_data import declaration_of
from complaints import services
from complaints.admin.case import timeline
from complaints.models import (
    Complaint,
    ComplaintLink,
    ComplaintState,
    LinkKind,
    ReplyTemplate,
    SavedFilter,
)
from notices.models import Notice
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from tests.factories import WHOLE_ANSWER, answer, decide, make_complaint, make_customer, make_staff

QUEUE = "/admin/complaints/complaint/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def page_of(complaint, step="change"):
    return f"{QUEUE}{complaint.pk}/{step}/"


def newest(complaint):
    return complaint.events.last().pk if complaint.events.exists() else ""


def references(response):
    return [row.reference for row in response.context_data["cl"].result_list]


class TestTwoOfficersAtOnce:
    def test_the_second_is_told_who_did_what_and_can_send_again(self, client, officer):
        complaint = make_complaint()
        services.acknowledge_complaint(complaint, by=officer)
        seen = newest(complaint)
        colleague = make_staff(COMPLAINT_OFFICER, staff_name="Lê Văn Bình")
        services.verify_complaint(complaint, by=colleague)
        decision = {"outcome": "upheld", "cause": "c", "finding": "f", "seen": seen}

        refused = client.post(page_of(complaint, "decide"), decision)

        assert refused.status_code == 200
        assert "Lê Văn Bình was here: verifying" in refused.content.decode()
        complaint.refresh_from_db()
        assert (complaint.state, complaint.outcome) == (ComplaintState.VERIFYING, "")

        renewed = refused.context_data["form"]["seen"].value()
        done = client.post(page_of(complaint, "decide"), {**decision, "seen": renewed})
        assert done.url == page_of(complaint)

    def test_what_the_portal_did_is_not_said_to_be_the_customers(self, client, officer):
        complaint = make_complaint()
        services.acknowledge_complaint(complaint, by=officer)
        seen = newest(complaint)
        CaseEvent.objects.create(case_id=complaint.pk, code="assigned", by=None)

        refused = client.post(page_of(complaint, "verify"), {"seen": seen})

        assert "the portal was here: assigned" in refused.content.decode()

    def test_who_went_to_an_authority_by_a_link_is_the_customer(self, officer):
        complaint = make_complaint()
        services.escalate_complaint(complaint, side="customer", authority="A05", by=None)

        with override("en"):
            assert timeline(complaint)[-1].by == "the customer"

    def test_a_case_that_nobody_touched_takes_the_step(self, client, officer):
        complaint = make_complaint()
        services.acknowledge_complaint(complaint, by=officer)

        client.post(page_of(complaint, "verify"), {"seen": newest(complaint)})

        complaint.refresh_from_db()
        assert complaint.state == ComplaintState.VERIFYING


class TestMessages:
    def test_a_question_waits_and_the_customer_is_told(self, client, officer):
        complaint = make_complaint()

        client.post(
            page_of(complaint, "write"), {"text": "Khi nào?", "is_question": "on", "seen": ""}
        )

        complaint.refresh_from_db()
        message = complaint.messages.get()
        assert (message.text, message.is_question, message.by) == ("Khi nào?", True, officer)
        assert complaint.waiting_since == message.at
        assert references(client.get(QUEUE, {"queue": "waiting"})) == [complaint.reference]
        assert "Waiting for the customer since" in client.get(page_of(complaint)).content.decode()
        assert Notice.objects.get(template="case_question").context["reference"] == (
            complaint.reference
        )

    def test_a_template_begins_a_message_in_the_customers_language(self, client, officer):
        template = ReplyTemplate.objects.create(
            name_vi="Tiến độ",
            name_en="Progress",
            text_vi="Về {reference}",
            text_en="On {reference}",
        )
        complaint = make_complaint(customer=make_customer(language="vi"))

        page = client.get(page_of(complaint), {"reply": template.pk}).content.decode()

        assert f"Về {complaint.reference}</textarea>" in page

    def test_a_note_stays_inside(self, client, officer):
        complaint = make_complaint()
        client.post(page_of(complaint, "note"), {"text": "Gọi lại mai."})

        assert complaint.notes.get().text == "Gọi lại mai."
        assert "Gọi lại mai." in client.get(page_of(complaint)).content.decode()
        client.force_login(complaint.customer.user)
        assert "Gọi lại" not in client.get(complaint.get_absolute_url()).content.decode()


class TestConflicts:
    def test_whom_it_is_about_neither_finds_nor_opens_nor_works_on_it(self, client, officer):
        complaint = make_complaint(handler=officer)
        exclude_staff(complaint, officer, cause=ConflictCause.NAMED)

        pages = [page_of(complaint), page_of(complaint, "history"), page_of(complaint, "verify")]
        statuses = {client.get(page).status_code for page in pages}
        statuses.add(client.post(page_of(complaint, "verify"), {}).status_code)

        complaint.refresh_from_db()
        assert statuses <= {302, 404}
        assert references(client.get(QUEUE)) == []
        assert references(client.post(QUEUE, {"q": complaint.reference})) == []
        assert (complaint.state, complaint.handler) == (ComplaintState.RECEIVED, None)

    def test_the_timeline_says_whom_a_complaint_was_given_to(self, client, officer):
        complaint, colleague = make_complaint(), make_staff(COMPLAINT_OFFICER, staff_name="Lê Bình")

        client.post(page_of(complaint, "assign"), {"handler": colleague.pk})

        assert complaint.events.get().details == {"to": [colleague.public_id]}
        assert "assigned: Lê Bình" in client.get(page_of(complaint)).text

    def test_nobody_is_made_handler_of_what_is_about_them(self, client, officer):
        complaint = make_complaint()
        colleague = make_staff(COMPLAINT_OFFICER)
        exclude_staff(complaint, colleague, cause=ConflictCause.NAMED)

        refused = client.post(page_of(complaint, "assign"), {"handler": colleague.pk})

        complaint.refresh_from_db()
        assert "conflict of interest" in refused.content.decode()
        assert complaint.handler is None

    def test_who_decided_before_can_be_kept_away_altogether(self, client, officer):
        complaint = make_complaint()
        CaseConflict.objects.create(case=complaint, staff=officer, cause=ConflictCause.DECIDED)
        assert client.get(page_of(complaint)).status_code == 200

        exclude_staff(complaint, officer, cause=ConflictCause.NAMED)

        assert client.get(page_of(complaint)).status_code == 302

    @pytest.mark.parametrize("about", ["earlier", "later"])
    def test_no_link_shows_that_there_is_a_complaint_about_who_looks(self, officer, about):
        customer = make_customer()
        linked = {"earlier": make_complaint(customer=customer), "later": make_complaint()}
        kind = LinkKind.RELATED
        link = ComplaintLink.objects.create(**linked, kind=kind, by=make_staff(DPO))
        readable = declaration_of(ComplaintLink).readable_by
        assert list(readable(ComplaintLink.objects.all(), officer)) == [link]

        exclude_staff(linked[about], officer, cause=ConflictCause.NAMED)

        assert list(readable(ComplaintLink.objects.all(), officer)) == []

    def test_an_officer_keeps_somebody_away(self, client, officer):
        complaint, colleague = make_complaint(), make_staff(DPO)

        done = client.post(
            page_of(complaint, "exclude"), {"staff": colleague.pk, "cause": "declared"}
        )

        assert done.url == page_of(complaint)
        assert CaseConflict.objects.get().staff == colleague

    def test_who_keeps_themselves_away_is_led_to_the_queue_and_told_why(self, client, officer):
        complaint = make_complaint()

        page = client.post(
            page_of(complaint, "exclude"), {"staff": officer.pk, "cause": "declared"}, follow=True
        )

        told = [str(message) for message in page.context["messages"]]
        assert page.request["PATH_INFO"] == QUEUE
        assert told[-1] == (
            f"You have an interest of your own in {complaint.reference}: it is not shown to you"
            " any more."
        )


class TestRefusals:
    def test_a_refusal_waits_for_a_second_person(self, client, officer):
        complaint = decide(make_complaint(), by=officer, outcome="not_upheld")
        page = client.post(page_of(complaint, "resolve"), {**WHOLE_ANSWER, "send": 1}, follow=True)
        assert [str(message) for message in page.context["messages"]] == [
            "The refusal waits for a second person; nothing is sent before they agree."
        ]
        complaint.refresh_from_db()
        assert complaint.state == ComplaintState.REFUSAL
        own = client.get(page_of(complaint)).content.decode()
        assert f'action="{page_of(complaint, "confirm_refusal")}"' not in own
        refused = client.post(page_of(complaint, "confirm_refusal"), {})
        assert "A second person decides" in refused.content.decode()

        second = make_staff(DPO)
        client.force_login(second)
        assert references(client.get(QUEUE, {"queue": "refusals"})) == [complaint.reference]
        client.post(page_of(complaint, "confirm_refusal"), {})

        complaint.refresh_from_db()
        assert (complaint.state, complaint.confirmed_by) == (ComplaintState.RESOLVED, second)

    def test_it_can_be_sent_back_with_a_reason(self, client, officer):
        first = make_staff(COMPLAINT_OFFICER)
        complaint = decide(make_complaint(), by=first, outcome="not_upheld")
        answer(complaint, by=first)

        client.post(page_of(complaint, "return_refusal"), {"reason": "Chưa xem thư."})

        complaint.refresh_from_db()
        assert (complaint.state, complaint.notes.get().text) == (
            ComplaintState.MEASURES,
            "Chưa xem thư.",
        )


class TestWhatIsNotPossible:
    def test_a_step_that_the_state_does_not_allow_is_refused_in_a_sentence(self, client, officer):
        complaint = decide(make_complaint(), by=officer)
        answer(complaint, by=officer)

        page = client.get(page_of(complaint, "resolve"), follow=True)

        told = [str(message) for message in page.context["messages"]]
        assert told == ["This step is not possible: the complaint is “resolved”."]
        assert page.request["PATH_INFO"] == page_of(complaint)

    def test_no_outcome_is_chosen_before_somebody_chooses(self, client, officer):
        complaint = make_complaint()
        services.verify_complaint(complaint, by=officer)

        page = client.get(page_of(complaint)).text
        refused = client.post(page_of(complaint, "decide"), {"cause": "c", "finding": "f"})

        assert '<option value="" selected>–</option>' in page
        assert "expand_more" in page  # the arrow of a drop-down
        assert list(refused.context_data["form"].errors) == ["outcome"]
        complaint.refresh_from_db()
        assert complaint.state == ComplaintState.VERIFYING


class TestClassifying:
    def test_the_complexity_sets_the_last_day_from_receipt(self, client, officer):
        complaint = make_complaint()
        before = complaint.clocks.get(limit__family="promise").last_day

        client.post(page_of(complaint, "classify"), {"severity": "high", "complexity": "simple"})

        clock = complaint.clocks.get(limit__family="promise")
        complaint.refresh_from_db()
        assert clock.explanation["length"] == 7
        assert clock.last_day < before
        assert (complaint.severity, complaint.complexity) == ("high", "simple")

    def test_judging_anew_needs_a_reason(self, client, officer):
        complaint = make_complaint()
        simple = {"severity": "high", "complexity": "simple"}
        client.post(page_of(complaint, "classify"), simple)

        refused = client.post(page_of(complaint, "classify"), {**simple, "complexity": "complex"})
        assert "Say why" in refused.content.decode()
        client.post(
            page_of(complaint, "classify"),
            {**simple, "complexity": "complex", "reason": "Hai hệ thống."},
        )

        complaint.refresh_from_db()
        assert complaint.complexity == "complex"
        assert complaint.notes.get().text == "Hai hệ thống."


def test_a_reminder_is_for_a_day_to_come(client, officer):
    complaint = make_complaint()
    today, tomorrow = timezone.localdate(), timezone.localdate() + timedelta(days=1)

    refused = client.post(page_of(complaint, "remind"), {"on": today})
    client.post(page_of(complaint, "remind"), {"on": tomorrow})

    assert "still to come" in refused.content.decode()
    assert CaseReminder.objects.get().on == tomorrow


def test_complaints_are_linked_by_reference(client, officer):
    complaint, other = make_complaint(), make_complaint()

    client.post(
        page_of(complaint, "link"), {"reference": other.reference.lower(), "kind": "duplicate"}
    )

    page = client.get(page_of(complaint)).content.decode()
    assert other.reference in page
    assert complaint.reference in client.get(page_of(other)).content.decode()


class TestManyAtOnce:
    def test_chosen_complaints_are_acknowledged(self, client, officer):
        rows = [make_complaint() for _ in range(2)]
        chosen = [row.pk for row in rows]

        client.post(QUEUE, {"action": "acknowledge_many", "_selected_action": chosen})

        states = set(Complaint.objects.values_list("state", flat=True))
        assert states == {ComplaintState.ACKNOWLEDGED}

    def test_chosen_complaints_get_one_handler(self, client, officer):
        rows = [make_complaint() for _ in range(2)]
        chosen = {"action": "assign_many", "_selected_action": [row.pk for row in rows]}

        asked = client.post(QUEUE, chosen)
        assert rows[0].reference in asked.content.decode()
        client.post(QUEUE, {**chosen, "handler": officer.pk})

        assert set(Complaint.objects.values_list("handler", flat=True)) == {officer.pk}

    def test_what_a_colleague_took_meanwhile_stays_theirs(self, client, officer):
        taken, free = make_complaint(), make_complaint()
        colleague = make_staff(COMPLAINT_OFFICER, staff_name="Lê Văn Bình")
        assign_case(
            free, handler=colleague, by=colleague, permission=services.WORK
        )  # before the page
        chosen = {"action": "assign_many", "_selected_action": [taken.pk, free.pk]}
        seen = client.post(QUEUE, chosen).context_data["form"].initial["seen"]
        takes = client.get(page_of(taken)).context_data["take_form"].initial
        assign_case(taken, handler=colleague, by=colleague, permission=services.WORK)

        page = client.post(QUEUE, {**chosen, "handler": officer.pk, "seen": seen}, follow=True)
        refused = client.post(page_of(taken, "take"), {"seen": takes["seen"] or 0})

        told = str(next(iter(page.context["messages"])))
        assert told.startswith(f"{taken.reference}: While you were writing, Lê Văn Bình was here")
        assert "Lê Văn Bình was here" in refused.text
        handlers = Complaint.objects.order_by("pk").values_list("handler", flat=True)
        assert list(handlers) == [colleague.pk, officer.pk]

        client.post(page_of(taken, "take"), {"seen": refused.context_data["form"]["seen"].value()})
        taken.refresh_from_db()
        assert taken.handler == officer


class TestFilters:
    def test_a_filter_is_saved_shown_and_removed(self, client, officer):
        query = "queue=open&severity__exact=high&q=hoa@example.com"

        client.post(f"{QUEUE}save_filter/", {"name": "Nặng", "query": query})

        saved = SavedFilter.objects.get()
        assert saved.query == "queue=open&severity__exact=high"
        assert "Nặng" in client.get(QUEUE).content.decode()
        client.post(f"{QUEUE}drop_filter/{saved.pk}/")
        assert not SavedFilter.objects.exists()

    def test_nobody_removes_a_colleagues_filter(self, client, officer):
        theirs = SavedFilter.objects.create(
            staff=make_staff(COMPLAINT_OFFICER), name="x", query="queue=open"
        )

        client.post(f"{QUEUE}drop_filter/{theirs.pk}/")

        assert SavedFilter.objects.get() == theirs


class TestSearch:
    def test_words_of_the_text_are_found_and_recorded(self, client, officer):
        found = make_complaint(text="Tôi nhận tin nhắn quảng cáo lúc nửa đêm.")
        make_complaint(text="Địa chỉ của tôi sai.")

        assert references(client.post(QUEUE, {"q": "nửa đêm"})) == [found.reference]
        record = AccessRecord.objects.filter(action=AccessAction.SEARCH).get()
        assert (record.customer, record.filters) == (found.customer.public_id, ["text"])

    def test_a_slip_in_a_reference_is_told(self, client, officer):
        reference = make_complaint().reference
        slip = reference[:-1] + ("2" if reference[-1] != "2" else "3")

        assert "mistyped" in client.post(QUEUE, {"q": slip}).content.decode()

    def test_the_beginning_of_a_reference_is_enough(self, client, officer):
        found = make_complaint(reference="KN-7Q4M-2XHD-K")
        make_complaint(reference="KN-7Q5M-2XHD-K")

        terms = ["kn-7q4", "KN-7Q4M-2", "KN-7Q4M-2XHD-K", " kn-7q4m "]
        assert [references(client.post(QUEUE, {"q": term})) for term in terms] == [
            [found.reference]
        ] * len(terms)

    def test_an_empty_list_does_not_repeat_what_was_searched(self, client, officer):
        page = client.post(QUEUE, {"q": "hoa@example.com"})

        shown = [name for name, _label, _count, is_shown in page.context_data["queues"] if is_shown]
        assert "No complaint comes from this email address." in page.text
        assert page.text.count("hoa@example.com") == 1  # in the field alone
        assert shown == []


def test_the_workload_counts_open_complaints_of_each_handler(client, officer):
    make_complaint(handler=officer)
    make_complaint(handler=officer, received_at=timezone.now() - timedelta(days=60))
    make_complaint()

    rows = client.get(QUEUE).context_data["workload"]

    assert [(row["handler"], row["open"], row["late"]) for row in rows] == [
        (officer.pk, 2, 1),
        (None, 1, 0),
    ]


class TestOneRowRefuses:
    def test_the_others_are_acknowledged_and_it_is_named(self, client, officer):
        first, other, last = (make_complaint() for _ in range(3))
        services.verify_complaint(other, by=officer)
        chosen = [first.pk, other.pk, last.pk]

        page = client.post(
            QUEUE, {"action": "acknowledge_many", "_selected_action": chosen}, follow=True
        )

        told = [str(message) for message in page.context["messages"]]
        assert told == [
            f"{other.reference}: A complaint that is “verifying” cannot become “acknowledged”.",
            "2 records updated.",
        ]
        states = Complaint.objects.order_by("pk").values_list("state", flat=True)
        assert list(states) == ["acknowledged", "verifying", "acknowledged"]

    def test_the_others_get_the_handler_and_it_keeps_its_own(self, client, officer):
        kept, given = make_complaint(handler=officer), make_complaint()
        colleague = make_staff(COMPLAINT_OFFICER, staff_name="Lê Văn Bình")
        exclude_staff(kept, colleague, cause=ConflictCause.NAMED)
        chosen = {"action": "assign_many", "_selected_action": [kept.pk, given.pk]}

        page = client.post(QUEUE, {**chosen, "handler": colleague.pk}, follow=True)

        told = [str(message) for message in page.context["messages"]]
        assert told[-1] == "1 record updated."
        assert f"{kept.reference}: Lê Văn Bình may not work on this case" in told[0]
        handlers = Complaint.objects.order_by("pk").values_list("handler", flat=True)
        assert list(handlers) == [officer.pk, colleague.pk]
        assert kept.events.count() == 0
