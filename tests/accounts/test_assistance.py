import re
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from access.models import AccessRecord
from accounts.approvals import answer_approval, ask_approval
from accounts.assistance import change_for_customer
from accounts.closing import close_account
from accounts.consents import decide_consent
from accounts.details import put_declared
from accounts.exceptions import AccountClosed
from accounts.identity_checks import record_identity_check
from accounts.models import AssistedChange, Customer, IdentityCheck, IdentityProof, User
from common.files import remove_doomed_files
from notices.models import Notice
from notices.services import send_due_notices
from policies.counting import add_months, local_day, midnight
from policies.loading import load_profile
from policies.models import Company, DeclaredField, Purpose, RetentionRule
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from retention.purge import erase
from retention.sweeps import sweep
from tests.clients import PortalClient
from tests.factories import PASSWORD, approve, make_customer, make_hold, make_staff
from tests.threads import at_once

CUSTOMERS = "/admin/accounts/customer/"
DOCUMENT = "079123004567"
BY_PHONE = {"channel": "phone", "kind": "call_back", "result": "proved"}


def asked(**kwargs):
    return {
        "channel": "counter",
        "kind": "identity_document",
        "reference": DOCUMENT,
        "result": "proved",
        "reason": "Khách đã chuyển nhà.",
        **kwargs,
    }


@pytest.fixture
def officer(client, db):
    user = make_staff(COMPLAINT_OFFICER)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture
def hoa(db):
    customer = make_customer(
        full_name="Trần Thị Hoa",
        email="hoa@example.com",
        phone="+84912345678",
        address="5 Lê Lợi, Huế",
        language="en",
    )
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    return customer


def assist(client, customer, **kwargs):
    return client.post(f"{CUSTOMERS}{customer.pk}/assist/", asked(**kwargs))


def mails_to(address, mailoutbox):
    send_due_notices()
    return [mail for mail in mailoutbox if mail.to == [address]]


def test_a_change_says_who_asked_how_and_what(client, officer, hoa, mailoutbox):
    assist(client, hoa, address="1 Trần  Phú, Huế", phone="0987 654 321")

    hoa.refresh_from_db()
    change = AssistedChange.objects.get()
    latest = hoa.history.latest()
    assert (hoa.address, hoa.phone) == ("1 Trần Phú, Huế", "+84987654321")
    assert (hoa.full_name, hoa.email) == ("Trần Thị Hoa", "hoa@example.com")
    assert change.fields == ["phone", "address"]
    assert change.identity_check.by == officer
    assert (latest.history_user, latest.history_change_reason) == (officer, "asked counter")
    (mail,) = mails_to("hoa@example.com", mailoutbox)
    assert "changed what we hold about you: phone, address" in mail.body
    assert "asked for it at the counter" in mail.body
    assert "Trần Phú" not in mail.body


def test_of_a_document_only_the_end_of_its_number_is_kept(client, officer, hoa):
    assist(client, hoa, address="1 Trần Phú, Huế")

    assert IdentityCheck.objects.get().reference == "•••4567"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM accounts_identitycheck t WHERE t::text LIKE %s", [f"%{DOCUMENT}%"]
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("number", "kept"), [("B1234567", "•••"), ("–", ""), ("12 34 56 78 9", "•••6789")]
)
def test_a_short_number_leaves_nothing(number, kept, hoa):
    check = record_identity_check(
        hoa,
        kind="identity_document",
        channel="post",
        by=make_staff(COMPLAINT_OFFICER),
        reference=number,
    )

    assert check.reference == kept


def test_a_number_in_clear_is_refused_by_the_database(hoa):
    with pytest.raises(IntegrityError):
        IdentityCheck.objects.create(
            customer=hoa,
            kind="call_back",
            channel="phone",
            result="proved",
            reference="4567890",
            by=hoa.user,
        )


def test_the_officer_does_not_see_what_is_held(client, officer, hoa):
    page = client.get(f"{CUSTOMERS}{hoa.pk}/assist/")

    assert page.status_code == 200
    for value in ("Trần", "hoa@", "345678", "Lê Lợi"):
        assert value not in page.text


def test_an_unproved_identity_is_recorded_and_changes_nothing(client, officer, hoa):
    page = assist(client, hoa, full_name="Kẻ Gian", email="gian@example.com", result="not_proved")

    hoa.refresh_from_db()
    assert "it is not proved who asks" in page.text
    assert "Kẻ Gian" in page.text  # what was typed is kept
    assert IdentityCheck.objects.get().result == "not_proved"
    assert (hoa.full_name, hoa.history.count()) == ("Trần Thị Hoa", 1)
    assert not AssistedChange.objects.exists()
    assert not Notice.objects.exists()
    assert not EmailAddress.objects.filter(email="gian@example.com").exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Nothing here differs"),
        ({"address": "5 Lê Lợi, Huế"}, "Nothing here differs"),
        ({"phone": "12"}, "Enter a phone number that exists"),
        ({"email": "hoa＠example.com"}, "valid email address"),
        ({"address": "1 Huế", "reason": ""}, "This field is required"),
        ({"address": "1 Huế", "channel": "pigeon"}, "Select a valid choice"),
        ({"address": "1 Huế", "result": ""}, "This field is required"),
    ],
)
def test_a_bad_request_says_why_and_changes_nothing(typed, said, client, officer, hoa):
    page = assist(client, hoa, **typed)

    hoa.refresh_from_db()
    assert said in page.text
    assert hoa.address == "5 Lê Lợi, Huế"
    assert not IdentityCheck.objects.exists()


def test_fields_that_the_form_does_not_have_are_ignored(client, officer, hoa):
    forged = {"customer_id": "1", "user": "", "public_id": "0" * 32, "closed_at": "2020-01-01"}

    assist(client, hoa, address="1 Trần Phú, Huế", **forged)

    now = Customer.objects.get(pk=hoa.pk)
    assert (now.public_id, now.user, now.closed_at) == (hoa.public_id, hoa.user, None)


def link_in(mail):
    return re.search(r"https?://[^/]+(/me/email/\S+)", mail.body).group(1)


def test_a_new_address_signs_in_once_its_owner_confirms_it(client, officer, hoa, mailoutbox):
    assist(client, hoa, email="Moi@Example.com")
    (told,) = mails_to("hoa@example.com", mailoutbox)
    (asking,) = mails_to("moi@example.com", mailoutbox)
    client.logout()
    client.cookies["django_language"] = "en"
    link = link_in(asking)

    hoa.refresh_from_db()
    assert (hoa.email, hoa.user.email) == ("hoa@example.com", "hoa@example.com")
    assert "The new email counts once you confirm it" in told.body
    assert "moi@example.com" in client.get(link).text
    assert User.objects.get(customer=hoa).email == "hoa@example.com"  # reading confirms nothing
    client.post(link)

    hoa = Customer.objects.get(pk=hoa.pk)
    addresses = EmailAddress.objects.filter(user=hoa.user)
    assert (hoa.email, hoa.user.email) == ("moi@example.com", "moi@example.com")
    assert [(each.email, each.verified, each.primary) for each in addresses] == [
        ("moi@example.com", True, True)
    ]
    assert hoa.user.check_password(PASSWORD)
    assert client.post(link).status_code == 404


def test_a_confirmed_address_signs_out_all_but_whoever_confirms(client, hoa, mailoutbox):
    officer, owner, other = PortalClient(), PortalClient(), PortalClient()
    officer.force_login(make_staff(COMPLAINT_OFFICER))
    assist(officer, hoa, email="moi@example.com")
    for browser in (owner, other):
        sign_in = {"login": "hoa@example.com", "password": PASSWORD}
        browser.post("/account/login/", sign_in)
        assert browser.get("/account/sessions/").status_code == 200

    owner.post(link_in(*mails_to("moi@example.com", mailoutbox)))

    assert owner.get("/account/sessions/").status_code == 200
    assert "login" in other.get("/account/sessions/").url


def test_a_link_that_was_not_ours_or_is_old_confirms_nothing(client, officer, hoa, mailoutbox):
    assist(client, hoa, email="mot@example.com")
    assist(client, hoa, email="hai@example.com")
    (first,) = mails_to("mot@example.com", mailoutbox)
    (second,) = mails_to("hai@example.com", mailoutbox)
    links = [link_in(first), link_in(second)[:-3] + "/", "/me/email/x/"]

    answers = [client.post(link).status_code for link in links]

    hoa.refresh_from_db()
    assert answers == [404] * 3
    assert hoa.user.email == "hoa@example.com"


def test_nobody_is_given_the_address_of_somebody_else(client, officer, hoa):
    other = make_customer(email="binh@example.com")
    staff = make_staff(DPO, email="dpo@example.com")
    unclaimed = make_customer(email="cu@example.com", user=None)

    for taken in (other.email, staff.email, unclaimed.email):
        for customer in (hoa, make_customer(user=None)):
            page = assist(client, customer, email=taken)
            assert "somebody else" in page.text
    assert not AssistedChange.objects.exists()


def test_an_address_taken_meanwhile_is_not_confirmed(client, officer, hoa, mailoutbox):
    assist(client, hoa, email="moi@example.com")
    (asking,) = mails_to("moi@example.com", mailoutbox)
    quick = make_customer(email="moi@example.com")
    EmailAddress.objects.create(user=quick.user, email=quick.email, verified=True, primary=True)

    page = client.post(link_in(asking))

    hoa.refresh_from_db()
    assert "This address cannot be used" in page.text
    assert hoa.user.email == "hoa@example.com"


def test_without_a_sign_in_both_addresses_are_told(client, officer, mailoutbox):
    customer = make_customer(email="cu@example.com", user=None, language="en")

    assist(client, customer, email="moi@example.com")

    customer.refresh_from_db()
    assert customer.email == "moi@example.com"
    for address in ("cu@example.com", "moi@example.com"):
        (mail,) = mails_to(address, mailoutbox)
        assert mail.subject == "Your details were changed by our staff"
    assert not Notice.objects.exclude(address="").exists()


def test_the_customer_reads_it_and_nobody_else_does(client, hoa):
    other = make_customer()
    change_for_customer(
        hoa, details={"address": "1 Huế"}, reason="Chuyển nhà", by=make_staff(DPO), **BY_PHONE
    )
    client.cookies["django_language"] = "en"

    client.force_login(hoa.user)
    page = client.get("/me/changes/").text
    client.force_login(other.user)
    foreign = client.get("/me/changes/").text

    for words in ("by phone", "called back on the number known before", "Chuyển nhà", "Address"):
        assert words.lower() in page.lower()
        assert words == "Address" or words not in foreign
    assert "No member of staff has changed your data" in foreign


@pytest.mark.parametrize("role", [AUDITOR, ADMINISTRATOR])
def test_only_officers_change_for_customers(role, client, hoa):
    client.force_login(make_staff(role))

    assert assist(client, hoa, address="1 Huế").status_code == 403
    assert not IdentityCheck.objects.exists()


def test_a_closed_account_is_not_changed(client, officer):
    customer = make_customer(closed_days_ago=1)

    page = assist(client, customer, address="1 Huế")

    assert "This account is closed" in page.text
    assert not IdentityCheck.objects.exists()


@pytest.mark.parametrize("table", ["accounts_identitycheck", "accounts_assistedchange"])
def test_what_was_recorded_is_not_altered(table, hoa):
    change_for_customer(
        hoa, details={"address": "1 Huế"}, reason="Chuyển nhà", by=make_staff(DPO), **BY_PHONE
    )

    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET at = now()"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_checks_and_changes_go_with_the_customer(hoa):
    change_for_customer(
        hoa, details={"address": "1 Huế"}, reason="Chuyển nhà", by=make_staff(DPO), **BY_PHONE
    )

    with transaction.atomic():
        erase([hoa.pk])

    assert not IdentityCheck.objects.exists()
    assert not AssistedChange.objects.exists()


def test_a_change_and_the_closing_wait_for_each_other(portal):
    customer, officer = make_customer(address="5 Lê Lợi, Huế"), make_staff(DPO)

    changed, _until = at_once(
        lambda: change_for_customer(
            Customer.objects.get(pk=customer.pk),
            details={"address": "1 Huế"},
            reason="Chuyển nhà",
            by=officer,
            **BY_PHONE,
        ),
        lambda: close_account(Customer.objects.get(pk=customer.pk), by=customer.user),
    )

    customer.refresh_from_db()
    was_first = isinstance(changed, AssistedChange)
    assert was_first or isinstance(changed, AccountClosed)
    assert customer.address == ("1 Huế" if was_first else "5 Lê Lợi, Huế")
    assert IdentityCheck.objects.count() == was_first


def test_details_that_the_company_asks_for_are_changed_too(client, officer, hoa):
    load_profile("clever_group")
    asked = DeclaredField.objects.active().filter(kind="text").first()

    assist(client, hoa, **{asked.code: "Công ty Hoa"})

    change = AssistedChange.objects.get()
    assert hoa.declared.get().value == "Công ty Hoa"
    assert (change.fields, change.labels) == ([asked.code], [asked.name])


# The paper that proved it

PAPER = b"%PDF-1.4 power of attorney"


def paper(content=PAPER, name="giấy ủy quyền.pdf"):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def stored(settings):
    return [each for each in Path(settings.MEDIA_ROOT).rglob("*") if each.is_file()]


def test_the_paper_is_sealed_and_a_dpo_downloads_it(client, officer, hoa, settings):
    assist(client, hoa, address="1 Huế", kind="power_of_attorney", paper=paper())
    check = IdentityCheck.objects.get()
    (file,) = stored(settings)
    assert b"attorney" not in file.read_bytes()
    page = f"/admin/accounts/identitycheck/{check.pk}/paper/"

    assert client.get(page).status_code == 403
    client.force_login(make_staff(DPO))
    assert b"".join(client.get(page).streaming_content) == PAPER
    record = AccessRecord.objects.get()
    assert (record.action, record.customer) == ("download", hoa.public_id)


def test_where_customers_are_asked_first_the_paper_waits_for_them(client, officer, hoa, settings):
    assist(client, hoa, address="1 Huế", kind="power_of_attorney", paper=paper())
    page = f"/admin/accounts/identitycheck/{IdentityCheck.objects.get().pk}/paper/"
    dpo = make_staff(DPO)
    client.force_login(dpo)
    Company.objects.update(staff_access_mode="approval")
    why = {"purpose": Purpose.objects.get(code="support"), "reason": "security"}

    assert client.get(page).status_code == 403
    assert not AccessRecord.objects.exists()
    approval = ask_approval(hoa, groups=["identity_proof"], hours=1, **why, by=dpo)
    answer_approval(approval, granted=True, through="account", by=hoa.user)
    assert b"".join(client.get(page).streaming_content) == PAPER
    record = AccessRecord.objects.get()
    assert (record.purpose, record.reason) == ("support", "security")


def test_a_paper_that_proved_nothing_or_is_none_is_not_kept(client, officer, hoa, settings):
    refused = assist(client, hoa, address="1 Huế", paper=paper(b"MZ"))
    assist(client, hoa, address="1 Huế", paper=paper(), result="not_proved")

    assert "not what its ending says" in refused.text
    assert stored(settings) == []
    assert not IdentityProof.objects.exists()
    hoa.refresh_from_db()
    assert hoa.address == "5 Lê Lợi, Huế"


def test_the_paper_goes_a_month_after_the_check_which_stays(client, officer, hoa, settings):
    assist(client, hoa, address="1 Huế", paper=paper())
    last = add_months(local_day(timezone.now()), 1)
    assert IdentityProof.objects.get().kept_until == last
    approve(RetentionRule.objects.get(category="identity_proof"))

    sweep(at=midnight(last + timedelta(days=1)))

    assert stored(settings) == []
    assert IdentityCheck.objects.get().result == "proved"


def test_the_paper_goes_with_the_customer(client, officer, hoa, settings):
    assist(client, hoa, address="1 Huế", paper=paper())

    with transaction.atomic():
        erase([hoa.pk])
    remove_doomed_files()

    assert stored(settings) == []


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_checks_makes_the_same_queries_for_any_number_of_rows(
    rows, client, hoa, django_assert_num_queries
):
    dpo = make_staff(DPO)
    client.force_login(dpo)
    for _ in range(rows):
        record_identity_check(make_customer(), kind="call_back", channel="phone", by=dpo)
    client.get("/admin/accounts/identitycheck/")

    with django_assert_num_queries(12):
        client.get("/admin/accounts/identitycheck/")


def test_sp_9_staff_erase_for_a_customer_who_asks(client, officer, hoa, mailoutbox):
    load_profile("clever_group")  # requires the phone number
    assist(client, hoa, full_name="Trần Thị Hoa Mai", erase=["address"])

    hoa.refresh_from_db()
    change = AssistedChange.objects.get()
    assert (hoa.address, hoa.full_name) == ("", "Trần Thị Hoa Mai")
    assert change.fields == ["full_name", "address"]
    assert set(hoa.history.values_list("full_name", flat=True)) == {hoa.full_name, "Trần Thị Hoa"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_historicalcustomer WHERE address != ''")
        assert cursor.fetchone() == (0,)
    (mail,) = mails_to("hoa@example.com", mailoutbox)
    assert "full name, address" in mail.body


def test_staff_erase_what_the_company_asked_beyond(client, officer, hoa):
    load_profile("clever_group")
    field = DeclaredField.objects.filter(is_required=False)[0]
    put_declared(hoa, {field.code: "ABC"}, by=officer)

    assist(client, hoa, erase=[field.code])

    assert AssistedChange.objects.get().fields == [field.code]
    assert not hoa.declared.exists()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"erase": ["full_name"]}, "Select a valid choice"),
        ({"erase": ["address"], "address": "1 Huế"}, "either changed or erased"),
        ({"erase": ["address"], "result": "not_proved"}, "not proved who asks"),
    ],
)
def test_what_must_stay_or_is_not_proved_stays(asked, said, client, officer, hoa):
    page = assist(client, hoa, **asked)

    assert said in page.text
    hoa.refresh_from_db()
    assert (hoa.full_name, hoa.address) == ("Trần Thị Hoa", "5 Lê Lợi, Huế")
    assert not AssistedChange.objects.exists()


def test_staff_erase_nothing_under_a_hold(client, officer, hoa):
    make_hold(hoa)

    page = assist(client, hoa, erase=["address"])

    assert "the law obliges us to keep it" in page.text
    hoa.refresh_from_db()
    assert hoa.address == "5 Lê Lợi, Huế"
    assert not IdentityCheck.objects.exists()


def test_staff_are_told_of_a_card_that_was_masked(client, officer, hoa):
    url = f"{CUSTOMERS}{hoa.pk}/assist/"
    typed = asked(address="1 Huế", reason="Thẻ 4111 1111 1111 1111")

    page = client.post(url, typed, follow=True)

    assert "We masked it and did not keep it" in page.text
    assert AssistedChange.objects.get().reason == "Thẻ •••• •••• •••• ••••"


def close_for(client, customer, **kwargs):
    return client.post(f"{CUSTOMERS}{customer.pk}/close/", asked(**kwargs), follow=True)


def test_sp_9_staff_close_for_a_customer_who_asks(client, officer, hoa, mailoutbox):
    assert client.get(f"{CUSTOMERS}{hoa.pk}/close/").status_code == 200
    close_for(client, hoa)

    hoa.refresh_from_db()
    latest = hoa.history.latest()
    assert (hoa.closing_cause, hoa.is_open) == ("customer", False)
    assert hoa.grace_until == local_day(timezone.now()) + timedelta(days=7)
    assert (latest.history_user, latest.history_change_reason) == (officer, "closed for customer")
    assert AssistedChange.objects.get().fields == ["closed_at"]
    assert IdentityCheck.objects.get().by == officer
    (mail,) = mails_to("hoa@example.com", mailoutbox)
    assert "/closed/" in mail.body


def test_nobody_closes_without_proof_or_right_or_twice(client, officer, hoa):
    page = close_for(client, hoa, result="not_proved")
    assert "not proved who asks" in page.text
    client.force_login(make_staff(AUDITOR))
    assert close_for(client, hoa).status_code == 403
    hoa.refresh_from_db()
    assert hoa.is_open

    client.force_login(officer)
    close_for(client, hoa)
    checks = IdentityCheck.objects.count()
    close_for(client, hoa)
    assert IdentityCheck.objects.count() == checks


def test_what_ended_with_the_closing_bears_the_channel_of_staff(officer, hoa):
    purpose = Purpose.objects.asking_consent()[0]
    decide_consent(hoa, purpose, decision="given", by=hoa.user)

    close_account(hoa, by=officer)

    assert list(hoa.consents.values_list("decision", "channel")) == [
        ("given", "web"),
        ("withdrawn", "staff"),
    ]
