import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import AccessAction, AccessRecord
from accounts.models import Customer, User
from casework.models import CaseMessage, ConflictCause
from casework.services import exclude_staff
from common.personal_data import declarations
from notices.models import Notice
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Purpose
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_complaint, make_customer, make_evidence, make_hold, make_staff

CUSTOMERS = "/admin/accounts/customer/"
STAFF = "/admin/accounts/user/"


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    return user


@pytest.fixture
def administrator(client, db):
    user = make_staff(ADMINISTRATOR)
    client.force_login(user)
    return user


@pytest.fixture
def hoa(db):
    return make_customer(
        full_name="Trần Thị Hoa",
        email="hoa@example.com",
        phone="+84912345678",
        address="5 Lê Lợi, Huế",
    )


VALUES = ("Trần", "Hoa", "hoa@", "345678", "Lê Lợi")


def reveal(customer):
    return f"{CUSTOMERS}{customer.pk}/reveal/"


def found(response):
    return list(response.context_data["cl"].result_list)


def test_a_customer_opens_masked(client, officer, hoa):
    page = client.get(f"{CUSTOMERS}{hoa.pk}/change/").content.decode()

    for mask in ("T. T. H.", "h•••@example.com", "091 ••• •678", hoa.public_id):
        assert mask in page
    for value in VALUES:
        assert value not in page


@pytest.mark.parametrize(
    "term",
    [
        "Hoa@Example.com",
        "0912 345 678",
        "+84912345678",
        "０９１２３４５６７８",
        "84-912345678",
        "{public_id}",
        "{short_id}",
        "Trần Thị Hoa",
        " tran  thi HOA ",
    ],
)
def test_a_customer_is_found_by_what_only_they_tell(term, client, officer, hoa):
    make_customer()
    term = term.format(public_id=hoa.public_id, short_id=hoa.public_id[:8])

    assert found(client.post(CUSTOMERS, {"q": term})) == [hoa]


@pytest.mark.parametrize("term", ["hoa", "Trần Thị", "Trần Thị Hoa%", "example.com", "5678"])
def test_a_customer_is_not_found_by_a_part(term, client, officer, hoa):
    assert found(client.post(CUSTOMERS, {"q": term})) == []


def test_tables_of_libraries_have_vietnamese_names_too(client, officer, hoa):
    UserSession.objects.create(user=hoa.user, session_key="x", ip="127.0.0.1", user_agent="Firefox")
    client.cookies["django_language"] = "vi"

    page = client.get(f"{CUSTOMERS}{hoa.pk}/change/").text

    assert "Thiết bị đang đăng nhập" in page
    assert "Địa chỉ IP" in page
    assert "user session" not in page.lower()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_makes_the_same_queries_for_any_number_of_rows(
    rows, client, officer, django_assert_num_queries
):
    for _ in range(rows):
        make_customer()
    client.get(CUSTOMERS)

    with django_assert_num_queries(12):
        client.get(CUSTOMERS)


@pytest.mark.parametrize("rows", [1, 3])
def test_a_customers_page_makes_the_same_queries_for_any_number_of_rows(
    rows, client, officer, hoa, django_assert_num_queries
):
    for _ in range(rows):
        make_evidence(make_complaint(customer=hoa))
    page = f"{CUSTOMERS}{hoa.pk}/change/"
    client.get(page)

    with django_assert_num_queries(20 + len(declarations())):  # one for each table
        client.get(page)


def test_a_long_record_is_paged_behind_masks_and_in_full(client, officer, hoa):
    complaint = make_complaint(customer=hoa)
    for number in range(60):
        make_evidence(complaint, name=f"thu-{number:02}.pdf")
    page = f"{CUSTOMERS}{hoa.pk}/change/"
    data = {
        "groups": ["evidence"],
        "purpose": "rights_and_complaints",
        "reason": "rights",
        "case": "",
    }

    first, second = client.get(page), client.get(f"{page}?page=2")
    newest = client.post(reveal(hoa), data).text
    oldest = client.post(f"{reveal(hoa)}?page=2", data).text

    assert ("?page=2" in first.text, "?page=1" in second.text) == (True, True)
    assert f"{reveal(hoa)}?page=2&amp;group=evidence" in second.text
    assert [group.category for group in second.context["groups"]] == ["evidence"]
    assert ("thu-59.pdf" in newest, "thu-09.pdf" in newest) == (True, False)
    assert ("thu-59.pdf" in oldest, "thu-09.pdf" in oldest) == (False, True)
    assert AccessRecord.objects.order_by("pk")[1].field_groups == ["evidence"]
    for number in ("0", "-1", "9" * 30, "x", "99999999"):
        assert client.get(f"{page}?page={number}").status_code == 200


def test_a_name_with_a_foreign_letter_is_marked_and_found_apart(client, officer, hoa):
    alike = make_customer(full_name="Trần Thị Hоa")  # the о is Cyrillic
    client.cookies["django_language"] = "en"

    for customer, is_marked in ((hoa, False), (alike, True)):
        page = client.get(f"{CUSTOMERS}{customer.pk}/change/")
        assert ("mixes alphabets" in page.text) is is_marked
        assert found(client.post(CUSTOMERS, {"q": customer.full_name})) == [customer]


def test_a_name_that_many_bear_shows_the_newest_twenty(client, officer):
    bearers = [make_customer(full_name="Nguyễn Văn Nam", user=None) for _ in range(22)]
    make_customer()
    client.cookies["django_language"] = "en"

    page = client.post(CUSTOMERS, {"q": "nguyen van nam"})

    assert found(page) == bearers[:1:-1]
    assert "More than 20 customers bear this name" in page.text
    searched = AccessRecord.objects.all()
    assert {each.customer for each in searched} == {each.public_id for each in bearers[2:]}
    assert {tuple(each.filters) for each in searched} == {("full_name",)}


@pytest.mark.parametrize(
    ("group", "shown", "hidden"),
    [
        ("contact", "hoa@example.com", "Quảng cáo làm phiền tôi"),
        ("complaint", "Quảng cáo làm phiền tôi", "hoa@example.com"),
        ("evidence", "ảnh chụp.pdf", "Quảng cáo làm phiền tôi"),
    ],
)
def test_each_kind_of_data_is_revealed_alone(group, shown, hidden, client, officer, hoa):
    complaint = make_complaint(customer=hoa, text="Quảng cáo làm phiền tôi")
    make_evidence(complaint, name="ảnh chụp.pdf")
    data = {"groups": [group], "purpose": "rights_and_complaints", "reason": "rights", "case": ""}

    masked = client.get(f"{CUSTOMERS}{hoa.pk}/change/").text
    page = client.post(reveal(hoa), data).text

    assert shown not in masked
    assert shown in page
    assert hidden not in page
    opened, revealed = AccessRecord.objects.order_by("pk")
    assert {"contact", "complaint", "evidence"} <= set(opened.field_groups)
    assert revealed.field_groups == [group]


@pytest.mark.parametrize(
    ("cause", "may_read"),
    [(ConflictCause.NAMED, False), (ConflictCause.DECLARED, False), (ConflictCause.DECIDED, True)],
)
def test_of_a_complaint_against_them_staff_see_nothing_on_the_customers_page(
    cause, may_read, client, officer, hoa
):
    complaint = make_complaint(customer=hoa, text="Cán bộ này đã xem trộm")
    CaseMessage.objects.create(case_id=complaint.pk, from_customer=True, text="Xin giữ kín")
    make_evidence(complaint, name="ảnh chụp.pdf")
    texts = ("Cán bộ này đã xem trộm", "Xin giữ kín", "ảnh chụp.pdf")
    data = {
        "groups": ["complaint", "evidence"],
        "purpose": "rights_and_complaints",
        "reason": "rights",
        "case": "",
    }
    before = client.post(reveal(hoa), data).text
    exclude_staff(complaint, officer, cause=cause)

    masked = client.get(f"{CUSTOMERS}{hoa.pk}/change/").context["groups"]
    page = client.post(reveal(hoa), data).text

    assert [text in before for text in texts] == [True] * 3
    assert [text in page for text in texts] == [may_read] * 3
    kinds = {group.category for group in masked} & {"complaint", "evidence"}
    assert kinds == ({"complaint", "evidence"} if may_read else set())
    assert AccessRecord.objects.filter(action=AccessAction.REVEAL).count() == 1 + may_read


def test_staff_kept_from_one_complaint_see_the_customers_others(client, officer, hoa):
    kept, other = (make_complaint(customer=hoa, text=text) for text in ("Kín", "Hàng hỏng"))
    for complaint in (kept, other):
        make_evidence(complaint, name=f"{complaint.text}.pdf")
    exclude_staff(kept, officer, cause=ConflictCause.NAMED)
    data = {
        "groups": ["complaint", "evidence"],
        "purpose": "rights_and_complaints",
        "reason": "rights",
        "case": "",
    }

    groups = client.post(reveal(hoa), data).context_data["groups"]

    rows = [row for group in groups for table in group.tables for row in table.rows]
    shown = str(rows)
    assert ("Hàng hỏng.pdf" in shown, "Kín" in shown) == (True, False)
    (evidence,) = (table for group in groups[1:] for table in group.tables)
    assert evidence.count == 1


def test_what_is_not_held_or_not_named_is_not_revealed(client, officer, hoa):
    make_complaint(text="Của người khác")
    purpose = {"purpose": "rights_and_complaints", "reason": "rights", "case": ""}

    for groups in ([], ["complaint"], ["everything"], ["contact", "password"]):
        page = client.post(reveal(hoa), {"groups": groups, **purpose})
        assert not any(value in page.text for value in (*VALUES, "Của người khác"))

    assert not AccessRecord.objects.exists()


def test_the_case_of_a_link_is_recorded_if_it_is_the_customers(client, officer, hoa):
    own, foreign = make_complaint(customer=hoa), make_complaint()

    for reference in (own.reference, foreign.reference):
        client.get(f"{CUSTOMERS}{hoa.pk}/change/?case={reference}")

    records = AccessRecord.objects.order_by("pk").values_list("case_reference", flat=True)
    assert list(records) == [own.reference, ""]


def test_a_purpose_reveals_the_details_once_and_is_recorded(client, officer, hoa):
    complaint = make_complaint(customer=hoa)
    data = {
        "groups": ["contact"],
        "purpose": "rights_and_complaints",
        "case": f" {complaint.reference.lower()} ",
    }

    page = client.post(reveal(hoa), data)

    record = AccessRecord.objects.get()
    for value in (hoa.full_name, hoa.email, hoa.phone, hoa.address):
        assert value in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert (record.action, record.customer) == (AccessAction.REVEAL, hoa.public_id)
    assert (record.purpose, record.case_reference, record.reason) == (
        "rights_and_complaints",
        complaint.reference,
        "",
    )
    assert record.field_groups == ["contact"]
    assert complaint.text not in page.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_is_revealed_where_customers_were_promised_to_be_asked(
    method, client, officer, hoa
):
    load_profile("vietnam_server")
    complaint = make_complaint(customer=hoa)
    purpose = Purpose.objects.active().first()
    client.cookies["django_language"] = "en"

    response = getattr(client, method)(reveal(hoa), {"purpose": purpose.code})

    assert response.status_code == 403
    assert "only after the customer approves" in response.text
    assert not AccessRecord.objects.exists()
    for page in (response, client.get(f"/admin/complaints/complaint/{complaint.pk}/change/")):
        assert not any(value in page.text for value in VALUES)
    assert page.status_code == 200
    assert complaint.text in page.text


def test_asking_to_reveal_shows_nothing(client, officer, hoa):
    page = client.get(reveal(hoa)).content.decode()

    for value in VALUES:
        assert value not in page
    assert not AccessRecord.objects.exists()


@pytest.mark.parametrize(
    ("purpose", "case", "reason"),
    [
        ("", "", "rights"),
        ("curiosity", "", "rights"),
        ("rights_and_complaints", "KN-0000-0000", "rights"),
        ("rights_and_complaints", "", ""),
        ("rights_and_complaints", "", "her husband asked me to"),
    ],
)
def test_nothing_is_revealed_without_a_purpose_an_occasion_or_for_a_foreign_case(
    purpose, case, reason, client, officer, hoa
):
    data = {"groups": ["contact"], "purpose": purpose, "reason": reason, "case": case}

    page = client.post(reveal(hoa), data).content.decode()

    for value in VALUES:
        assert value not in page
    assert not AccessRecord.objects.exists()


def test_the_case_of_somebody_else_does_not_reveal(client, officer, hoa):
    foreign = make_complaint()
    data = {
        "groups": ["contact"],
        "purpose": "rights_and_complaints",
        "reason": "rights",
        "case": foreign.reference,
    }

    page = client.post(reveal(hoa), data).content.decode()

    assert hoa.email not in page
    assert not AccessRecord.objects.exists()


def test_a_closed_account_says_until_when_it_is_kept(client, officer):
    customer = make_customer(closed_days_ago=10)
    client.cookies["django_language"] = "en"

    page = client.get(f"{CUSTOMERS}{customer.pk}/change/").content.decode()

    assert "closed on " in page
    assert "kept until " in page


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_staff_without_the_role_see_no_customer(role, client, hoa):
    client.force_login(make_staff(role))
    pages = ["", f"{hoa.pk}/change/", f"{hoa.pk}/history/", f"{hoa.pk}/reveal/"]

    assert {client.get(CUSTOMERS + page).status_code for page in pages} == {403}
    assert client.post(reveal(hoa), {"purpose": "service"}).status_code == 403
    assert not AccessRecord.objects.exists()


def test_customers_do_not_enter_the_desk(client, hoa):
    client.force_login(hoa.user)

    answers = {client.get(page).status_code for page in ("/admin/", CUSTOMERS, reveal(hoa))}

    assert answers == {302}


# Members of staff


def new_member(**kwargs):
    return {
        "email": "moi@example.com",
        "staff_name": "Phạm Thu Hà",
        "language": "vi",
        "groups": [Group.objects.get(name=COMPLAINT_OFFICER).pk],
        "engagement": "employee",
        **kwargs,
    }


def test_a_new_member_of_staff_chooses_a_password_by_mail(client, administrator):
    client.post(f"{STAFF}add/", new_member(email="Moi@Example.com"))

    user = User.objects.get(email="moi@example.com")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert [group.name for group in user.groups.all()] == [COMPLAINT_OFFICER]
    assert user.history.get().history_user == administrator
    assert Notice.objects.get(template="sign_in").address == "moi@example.com"


def test_a_new_member_of_staff_is_never_a_superuser_nor_without_a_role(client, administrator):
    client.post(f"{STAFF}add/", new_member(is_superuser="on", user_permissions=[1]))
    refused = client.post(f"{STAFF}add/", new_member(email="hai@example.com", groups=[]))

    user = User.objects.get(email="moi@example.com")
    assert not user.is_superuser
    assert not user.user_permissions.exists()
    assert refused.status_code == 200
    assert not User.objects.filter(email="hai@example.com").exists()


def test_the_form_does_not_tell_whether_an_address_is_a_customers(client, administrator, hoa):
    client.cookies["django_language"] = "en"

    answers = [
        client.post(f"{STAFF}add/", new_member(email=address))
        for address in (hoa.email.upper(), administrator.email)
    ]

    said = [answer.context_data["adminform"].form.errors["email"] for answer in answers]
    assert said == [["This address cannot be used for a member of staff."]] * 2


def told():
    """What mails to data protection officers were queued: to whom, and which roles changed."""
    notices = Notice.objects.filter(template="staff_changed").order_by("pk")
    return [(each.recipient, each.context["given"], each.context["taken"]) for each in notices]


def test_officers_are_told_of_a_new_member_of_staff(client, administrator, mailoutbox):
    dpo = make_staff(DPO, staff_name="Trần Minh Quân", language="en")
    make_staff(DPO, is_active=False)
    make_staff(COMPLAINT_OFFICER)

    client.post(f"{STAFF}add/", new_member())
    send_due_notices()

    (mail,) = [mail for mail in mailoutbox if mail.to == [dpo.email]]
    assert told() == [(dpo.public_id, [COMPLAINT_OFFICER], [])]
    assert mail.subject == "Roles of staff have changed"
    assert f"{administrator} has changed what Phạm Thu Hà may do" in mail.body
    assert "Roles given:\n- complaint officer\n" in mail.body
    assert "taken away" not in mail.body
    assert "moi@example.com" not in mail.body


def test_officers_are_told_of_a_promotion_and_of_a_loss(client, administrator):
    dpo, officer = make_staff(DPO), make_staff(COMPLAINT_OFFICER)
    groups = {group.name: group.pk for group in Group.objects.all()}
    for roles in ([COMPLAINT_OFFICER, AUDITOR], [COMPLAINT_OFFICER, AUDITOR], [AUDITOR]):
        data = new_member(groups=[groups[role] for role in roles], is_active="on")
        client.post(f"{STAFF}{officer.pk}/change/", data)

    assert told() == [
        (dpo.public_id, [AUDITOR], []),
        (dpo.public_id, [], [COMPLAINT_OFFICER]),
    ]


def test_nobody_replaces_an_officer_unseen(client, administrator):
    dpo = make_staff(DPO)
    auditor = Group.objects.get(name=AUDITOR).pk

    client.post(f"{STAFF}{dpo.pk}/change/", new_member(groups=[auditor], is_active="on"))
    client.post(f"{STAFF}add/", new_member(groups=[Group.objects.get(name=DPO).pk]))

    new = User.objects.get(email="moi@example.com")
    assert told() == [(dpo.public_id, [AUDITOR], [DPO]), (new.public_id, [DPO], [])]


def test_deactivating_takes_the_roles_and_activating_gives_them(client, administrator):
    dpo, officer = make_staff(DPO), make_staff(COMPLAINT_OFFICER)

    for active in ({}, {"is_active": "on"}):
        client.post(f"{STAFF}{officer.pk}/change/", new_member(**active))

    assert told() == [
        (dpo.public_id, [], [COMPLAINT_OFFICER]),
        (dpo.public_id, [COMPLAINT_OFFICER], []),
    ]


def test_a_change_of_a_member_writes_what_was_typed_and_nothing_else(client, administrator):
    member = make_staff(AUDITOR)
    form = {
        "staff_name": "Lê Văn B",
        "language": "vi",
        "engagement": "employee",
        "is_active": "on",
    }

    with CaptureQueriesContext(connection) as queries:
        client.post(f"{STAFF}{member.pk}/change/", {**form, "groups": [member.groups.get().pk]})

    (update,) = [sql for q in queries if (sql := q["sql"]).startswith('UPDATE "accounts_user"')]
    assert (
        update.partition(" WHERE ")[0] == """UPDATE "accounts_user" SET "staff_name" = 'Lê Văn B'"""
    )
    assert member.history.first().history_user == administrator


def test_deactivating_ends_the_sessions(client, administrator):
    officer = make_staff(COMPLAINT_OFFICER)
    session = SessionStore()
    session.create()
    UserSession.objects.create(
        user=officer, session_key=session.session_key, ip="127.0.0.1", user_agent="test"
    )
    data = new_member(staff_name=officer.staff_name)

    client.post(f"{STAFF}{officer.pk}/change/", data)

    officer.refresh_from_db()
    assert not officer.is_active
    assert officer.email != data["email"]
    assert not UserSession.objects.filter(user=officer).exists()
    assert not SessionStore().exists(session.session_key)


def test_nobody_changes_their_own_roles_nor_a_superuser(client, administrator):
    superuser = User.objects.create_superuser("root@example.com", staff_name="Root")
    dpo = Group.objects.get(name=DPO)

    answers = [
        client.post(f"{STAFF}{user.pk}/change/", new_member(groups=[dpo.pk])).status_code
        for user in (administrator, superuser)
    ]

    assert answers == [403, 403]
    assert not dpo.user_set.exists()


def test_administrators_meet_no_customer_among_the_users(client, administrator, hoa):
    make_hold(hoa)
    user = hoa.user
    user.email = "hoa2@example.com"
    user.save()
    version = user.history.latest().pk

    listed = client.get(STAFF).content.decode()
    pages = [
        client.get(f"{STAFF}{user.pk}/{page}")
        for page in ("change/", "history/", f"history/{version}/")
    ]

    assert "hoa" not in listed
    assert [page.status_code for page in pages] == [302, 404, 404]


def test_nobody_removes_a_member_of_staff_or_a_customer(client, administrator, hoa):
    assert client.post(f"{STAFF}{administrator.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{CUSTOMERS}{hoa.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Customer.objects.filter(pk=hoa.pk).exists()
