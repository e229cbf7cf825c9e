from datetime import timedelta

import pytest
from django.utils import timezone

from access.models import AccessAction, AccessRecord
from casework.models import ASSIGNED, CaseEvent
from casework.services import assign_case
from common.models import FileKey
from complaints import services
from complaints.admin.steps import STEPS
from complaints.models import Complaint, ComplaintCategory, ComplaintState
from notices.models import Notice
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import (
    WHOLE_ANSWER,
    answer,
    decide,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
)

QUEUE = "/admin/complaints/complaint/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER, staff_name="Nguyễn Thị Hạnh")
    client.force_login(user)
    return user


def page_of(complaint, step="change"):
    return f"{QUEUE}{complaint.pk}/{step}/"


def overdue(**kwargs):
    return make_complaint(received_at=timezone.now() - timedelta(days=60), **kwargs)


def withdrawn(**kwargs):
    kwargs.setdefault("closed_at", timezone.now())
    return make_complaint(state=ComplaintState.WITHDRAWN, **kwargs)


def references(response):
    return [row.reference for row in response.context_data["cl"].result_list]


def decided(officer):
    return decide(make_complaint(), by=officer)


def test_the_queue_begins_with_the_nearest_deadline(client, officer):
    late = overdue()
    new = make_complaint()
    older = make_complaint(received_at=timezone.now() - timedelta(days=4))

    response = client.get(QUEUE)

    assert references(response) == [late.reference, older.reference, new.reference]


def test_the_closed_begin_with_what_was_closed_last(client, officer):
    moments = [timezone.now() - timedelta(days=days) for days in (3, 1, 2)]
    third, first, second = (withdrawn(received_at=at, closed_at=at) for at in moments)

    response = client.get(QUEUE, {"queue": "closed"})

    assert references(response) == [each.reference for each in (first, second, third)]


def test_the_queue_shows_masks_and_says_how_late_something_is(client, officer):
    customer = make_customer(email="hoa@example.com", full_name="Trần Thị Hoa")
    complaint = overdue(customer=customer, text="Tôi rất bực mình.")
    client.cookies["django_language"] = "en"

    page = client.get(QUEUE).content.decode()

    assert f'href="{page_of(complaint)}' in page
    assert "h•••@example.com" in page
    assert "Overdue: " in page
    assert "days late" in page
    for value in ("hoa@", "Hoa", "bực mình"):
        assert value not in page


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        ("", ["late", "soon", "mine", "new"]),
        ("open", ["late", "soon", "mine", "new"]),
        ("mine", ["mine"]),
        ("unassigned", ["late", "soon", "new"]),
        ("overdue", ["late"]),
        ("soon", ["soon"]),
        ("closed", ["closed"]),
    ],
)
def test_each_tab_shows_its_complaints(queue, expected, client, officer):
    now = timezone.now()
    rows = {
        "late": overdue(),
        "new": make_complaint(received_at=now),
        "mine": make_complaint(received_at=now - timedelta(hours=1), handler=officer),
        "soon": make_complaint(received_at=now - timedelta(hours=2)),
        "closed": withdrawn(received_at=now),
    }
    ends = {"soon": timedelta(hours=20), "mine": timedelta(days=29), "new": timedelta(days=30)}
    for name, left in ends.items():
        Complaint.objects.filter(pk=rows[name].pk).update(late_from=now + left)

    response = client.get(QUEUE, {"queue": queue} if queue else {})

    assert references(response) == [rows[name].reference for name in expected]
    counts = {name: count for name, _label, count, _shown in response.context_data["queues"]}
    assert counts == {
        "open": 4, "mine": 1, "unassigned": 3, "overdue": 1, "today": counts["today"], "soon": 1,
        "waiting": 0, "refusals": 0, "escalated": 0, "closed": None,
    }  # fmt: skip


def test_a_search_finds_a_reference_or_a_whole_address_also_of_closed_ones(client, officer):
    customer = make_customer(email="hoa@example.com")
    make_complaint()
    closed = withdrawn(customer=customer, received_at=timezone.now())

    found = [
        references(client.post(QUEUE, {"q": term}))
        for term in (closed.reference.lower(), "HOA@example.com", "hoa", "hoa@example")
    ]

    assert found == [[closed.reference], [closed.reference], [], []]


def test_filters_narrow_the_queue(client, officer):
    mine = make_complaint(handler=officer, category=ComplaintCategory.SHARED)
    make_complaint(category=ComplaintCategory.INACCURATE)

    found = [
        references(client.get(QUEUE, {name: value}))
        for name, value in (
            ("handler", officer.pk),
            ("category__exact", ComplaintCategory.SHARED),
            ("state__exact", ComplaintState.RESOLVED),
        )
    ]

    assert found == [[mine.reference], [mine.reference], []]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_queue_makes_the_same_queries_for_any_number_of_rows(
    rows, client, officer, django_assert_num_queries
):
    for _ in range(rows):
        make_complaint(handler=officer)
    client.get(QUEUE)

    with django_assert_num_queries(18):
        client.get(QUEUE)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_complaint_makes_the_same_queries_for_any_number_of_files_and_events(
    rows, client, officer, django_assert_num_queries
):
    complaint = make_complaint(handler=officer)
    for _ in range(rows):
        make_evidence(complaint)
        CaseEvent.objects.create(case=complaint, code=ASSIGNED, by=officer)
    client.get(page_of(complaint))

    with django_assert_num_queries(39):
        client.get(page_of(complaint))


def test_one_screen_shows_the_complaint_its_clocks_and_its_files(client, officer):
    customer = make_customer(email="hoa@example.com", full_name="Trần Thị Hoa")
    complaint = make_complaint(customer=customer, text="Tôi vẫn nhận <b>quảng cáo</b>.")
    evidence = make_evidence(complaint, name="giấy của Hoa.pdf")
    assign_case(complaint, handler=officer, by=officer, permission=services.WORK)
    client.cookies["django_language"] = "en"

    page = client.get(page_of(complaint)).content.decode()

    assert "Tôi vẫn nhận &lt;b&gt;quảng cáo&lt;/b&gt;." in page
    assert "h•••@example.com" in page
    assert f"/admin/accounts/customer/{customer.pk}/change/?case={complaint.reference}" in page
    assert "that day is not counted" in page
    assert "Nguyễn Thị Hạnh" in page
    assert f"/evidence/{evidence.public_id}/" in page
    for value in ("hoa@", "Trần", "giấy"):
        assert value not in page


@pytest.mark.parametrize(
    ("state", "buttons"),
    [
        (ComplaintState.RECEIVED, {"acknowledge", "verify", "take", "assign"}),
        (ComplaintState.VERIFYING, {"decide", "take", "assign"}),
        (ComplaintState.MEASURES, {"resolve", "take", "assign"}),
        (ComplaintState.REFUSAL, {"confirm_refusal", "return_refusal", "assign"}),
        (ComplaintState.WITHDRAWN, set()),
    ],
)
def test_only_the_steps_that_are_allowed_now_are_offered(state, buttons, client, officer):
    is_closed = state == ComplaintState.WITHDRAWN
    now = timezone.now()
    complaint = make_complaint(
        state=state, received_at=now, closed_at=timezone.now() if is_closed else None
    )

    page = client.get(page_of(complaint)).content.decode()

    beside = {name for name, step in STEPS.items() if not step.in_states}
    steps = {*STEPS, "take", "assign"} - beside
    assert {step for step in steps if f'action="{page_of(complaint, step)}"' in page} == buttons


def test_a_complaint_goes_through_its_steps_and_the_customer_is_told(client, officer):
    complaint = make_complaint()

    for step, data in (
        ("take", {}),
        ("acknowledge", {}),
        ("verify", {}),
        ("decide", {"outcome": "upheld", "cause": "Lỗi.", "finding": "Đúng."}),
        ("resolve", {**WHOLE_ANSWER, "cause": "Lỗi cấu hình.", "solution": "Đã sửa.", "send": 1}),
    ):
        response = client.post(page_of(complaint, step), data)
        assert response.url == page_of(complaint)

    complaint.refresh_from_db()
    assert (complaint.state, complaint.handler) == (ComplaintState.RESOLVED, officer)
    assert (complaint.cause, complaint.solution) == ("Lỗi cấu hình.", "Đã sửa.")
    assert complaint.history.latest().history_user == officer
    templates = Notice.objects.order_by("pk").values_list("template", flat=True)
    assert list(templates) == [
        "complaint_acknowledged",
        "complaint_verifying",
        "complaint_measures",
        "complaint_resolved",
    ]


def test_a_step_is_no_link(client, officer):
    complaint = make_complaint()

    response = client.get(page_of(complaint, "verify"))

    complaint.refresh_from_db()
    assert response.status_code == 200
    assert complaint.state == ComplaintState.RECEIVED


def test_the_second_officer_is_told_and_nothing_is_half_saved(client, officer):
    complaint = decided(officer)
    first = make_staff(COMPLAINT_OFFICER)
    answer(complaint, by=first, cause="A", solution="B")
    client.cookies["django_language"] = "en"

    response = client.post(page_of(complaint, "resolve"), WHOLE_ANSWER)

    complaint.refresh_from_db()
    assert response.status_code == 200
    assert "is answered once" in response.content.decode()
    assert (complaint.cause, complaint.solution) == ("A", "B")
    assert Notice.objects.filter(template="complaint_resolved").count() == 1


@pytest.mark.parametrize("data", [{}, {"cause": "C"}, {**WHOLE_ANSWER, "remedy": " "}])
def test_a_complaint_is_not_answered_in_parts(data, client, officer):
    complaint = decided(officer)

    response = client.post(page_of(complaint, "resolve"), data)

    complaint.refresh_from_db()
    assert response.status_code == 200
    assert (complaint.state, complaint.solution) == (ComplaintState.MEASURES, "")


def test_a_complaint_is_assigned_to_those_alone_who_may_work_on_it(client, officer):
    complaint = make_complaint()
    colleague, auditor = make_staff(DPO), make_staff(AUDITOR)

    refused = client.post(page_of(complaint, "assign"), {"handler": auditor.pk})
    complaint.refresh_from_db()
    assert (refused.status_code, complaint.handler) == (200, None)

    client.post(page_of(complaint, "assign"), {"handler": colleague.pk})
    complaint.refresh_from_db()
    assert complaint.handler == colleague


def test_evidence_is_downloaded_with_a_record(client, officer):
    complaint = make_complaint()
    evidence = make_evidence(complaint, content=b"%PDF-1.4 letter")

    response = client.get(f"{QUEUE}{complaint.pk}/evidence/{evidence.public_id}/")

    record = AccessRecord.objects.get()
    assert b"".join(response.streaming_content) == b"%PDF-1.4 letter"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment")
    assert (record.action, record.customer) == (
        AccessAction.DOWNLOAD,
        complaint.customer.public_id,
    )
    assert (record.case_reference, record.field_groups) == (complaint.reference, ["evidence"])


def test_evidence_that_cannot_be_read_is_no_access_to_it(client, officer):
    complaint = make_complaint()
    evidence = make_evidence(complaint)
    FileKey.objects.all().delete()

    response = client.get(f"{QUEUE}{complaint.pk}/evidence/{evidence.public_id}/")

    assert response.status_code == 410
    assert not AccessRecord.objects.exists()


def test_evidence_of_another_complaint_is_not_found(client, officer):
    evidence = make_evidence(make_complaint())
    other = make_complaint()

    response = client.get(f"{QUEUE}{other.pk}/evidence/{evidence.public_id}/")

    assert response.status_code == 404
    assert not AccessRecord.objects.exists()


def test_the_history_tells_each_step_without_the_words_of_the_case(client, officer):
    complaint = decided(officer)
    answer(complaint, by=officer, cause="Lỗi cấu hình.")
    client.cookies["django_language"] = "en"

    page = client.get(page_of(complaint, "history")).content.decode()

    for step in ("received → verifying", "verifying → measures", "measures → resolved"):
        assert step in page
    assert "<strong>Cause:</strong> ••• → •••" in page
    assert "Lỗi" not in page


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_staff_without_the_role_do_nothing_here(method, role, client, db):
    complaint = make_complaint()
    evidence = make_evidence(complaint)
    client.force_login(make_staff(role))
    steps = ("change", "history", *STEPS, "assign", "take")
    pages = [QUEUE, *(page_of(complaint, step) for step in steps)]

    answers = {getattr(client, method)(page).status_code for page in pages}
    answers.add(client.get(f"{QUEUE}{complaint.pk}/evidence/{evidence.public_id}/").status_code)

    complaint.refresh_from_db()
    assert answers <= {403, 405}
    assert complaint.state == ComplaintState.RECEIVED
    assert not AccessRecord.objects.exists()


def test_nobody_adds_edits_or_deletes_a_complaint_by_hand(client, officer):
    complaint = make_complaint(text="Nguyên văn")

    answers = [
        client.get(f"{QUEUE}add/").status_code,
        client.post(page_of(complaint), {"text": "Khác", "state": "resolved"}).status_code,
        client.post(page_of(complaint, "delete"), {"post": "yes"}).status_code,
    ]

    complaint.refresh_from_db()
    assert answers == [403, 405, 403]
    assert (complaint.text, complaint.state) == ("Nguyên văn", ComplaintState.RECEIVED)
