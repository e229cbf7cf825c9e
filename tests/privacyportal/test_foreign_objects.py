"""Nobody reaches what is somebody else's by naming it: every address, for every role."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import NoReverseMatch, get_resolver, reverse

from accounts.approvals import ask_approval
from accounts.consents import decide_consent
from accounts.models import AccessApproval, Consent, Customer, EmergencyAccess
from accounts.receipts import record_of
from calls.models import CallRecording
from casework.models import Evidence
from complaints.models import Complaint, ComplaintState, Side
from complaints.services import escalate_complaint
from complaints.urls import PAGES
from hosting.models import HostedService
from policies.models import Purpose
from privacyportal.roles import COMPLAINT_OFFICER, ROLES
from rights.models import Export
from tests.calls.conftest import make_recording
from tests.factories import (
    answer,
    decide,
    make_complaint,
    make_customer,
    make_evidence,
    make_staff,
    make_user,
)
from tests.rights.conftest import make_export

CANARY = "zqvkxwpfhdnt"
POSTED = (
    *("withdraw", "write", "agree", "disagree", "escalate"),
    *("mfa", "end_", "erase_hosted", "answer_approval"),
)
NO_OBJECT = {  # what else a parameter names
    "erase_detail": "a detail of one's own",
    "data_category": "a kind of one's own data",
    "erase_category": "a kind of one's own data",
    "policy_version": "what everybody may read",
    "confirm_new_email": "a signed link",
    "answer_access": "a signed link",
    "send_access_code": "a signed link",
    "end_access": "a signed link",
    "confirm_subscription": "a signed link",
    "confirm_enquiry": "a signed link",
    "confirm_complaint": "a signed link",
    "confirm_withdrawal": "a signed link",
    "new_complaint_link": "a signed link",
    "unsubscribe": "a signed link",
    "confirm_report": "a signed link",
    "unlock_account": "a signed link",
    "closed_account": "a signed link",
    "reopen_account": "a signed link",
    "closing_receipt_pdf": "a signed link",
    "closing_receipt_json": "a signed link",
    "erasure_certificate_pdf": "a signed link",
    "erasure_certificate_json": "a signed link",
    "account_reset_password_from_key": "a signed link",
    **{f"followed_{page}": "a signed link" for page in PAGES},
}


def routes(resolver=None, prefix="", names=()):
    """Yield the name and the parameters of every address outside of the desk."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = f"{prefix}{pattern.pattern}"
        found = (*names, *pattern.pattern.converters, *pattern.pattern.regex.groupindex)
        if route.startswith("admin/"):
            continue
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, route, found)
        elif pattern.name:  # an address without one is a second way to a named page
            yield pattern.name, set(found)


@pytest.fixture
def owner(db):
    """A customer with something behind every address that names an object."""
    customer = make_customer(full_name=f"{CANARY} Hoa", address=f"{CANARY} 5 Lê Lợi")
    complaint = make_complaint(customer=customer, text=f"{CANARY} text")
    officer = make_staff(COMPLAINT_OFFICER)
    answer(decide(complaint, by=officer), by=officer)
    escalate_complaint(complaint, side=Side.COMPANY, authority="A05", by=officer)  # open again
    make_evidence(complaint, name=f"{CANARY}.pdf")
    purpose = Purpose.objects.get(code="call_recording")
    decide_consent(customer, purpose, decision="given", by=customer.user)
    make_recording(customer, f"ID3{CANARY}".encode())
    HostedService.objects.create(customer=customer, kind="vps", label=CANARY, description=CANARY)
    Authenticator.objects.create(user=customer.user, type="webauthn", data={"name": CANARY})
    make_export(customer)
    ask_approval(
        customer, purpose=purpose, groups=["contact"], hours=1, reason="contact", by=officer
    )
    EmergencyAccess.objects.create(
        customer=customer, category="fraud", field_groups=["contact"], hours=1, asked_by=officer
    )
    return customer


def objects_of(customer):
    """What the parameters of each address would name."""
    complaint, key = Complaint.objects.get(), Authenticator.objects.get().pk
    service = {"public_id": HostedService.objects.get().public_id}
    recording = {"public_id": CallRecording.objects.get().public_id}
    receipt = {"record": record_of(Consent.objects.get())}
    asked = {"public_id": AccessApproval.objects.get().public_id}
    return {
        "consent_receipt_pdf": receipt,
        "consent_receipt_json": receipt,
        **{page: {"public_id": complaint.public_id} for page in PAGES},
        "evidence": {
            "public_id": complaint.public_id,
            "evidence_id": Evidence.objects.get().public_id,
        },
        "call_audio": recording,
        "download_call": recording,
        "download_export": {"public_id": Export.objects.get().public_id},
        "erase_call": recording,
        "approval": asked,
        "answer_approval": asked,
        "end_approval": asked,
        "emergency": {"public_id": EmergencyAccess.objects.get().public_id},
        "hosted_service": service,
        "end_hosted_service": service,
        "erase_hosted_service": service,
        "mfa_remove_webauthn": {"pk": key},
        "mfa_edit_webauthn": {"pk": key},
    }


def test_every_address_with_a_parameter_is_known_here(owner):
    with_parameters = {name for name, parameters in routes() if parameters}

    assert with_parameters == {*objects_of(owner), *NO_OBJECT}


def all_of(response):
    return b"".join(response) if response.streaming else response.content


def who_is_not(owner):
    yield "another customer", make_customer().user, {404}
    yield "a sign-in without a customer", make_user(), {302, 404}
    for role in ROLES:
        yield role, make_staff(role), {302, 403, 404}


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_object_of_somebody_else_is_not_there(method, client, owner):
    for who, user, expected in list(who_is_not(owner)):
        client.force_login(user)
        for name, parameters in objects_of(owner).items():
            response = getattr(client, method)(reverse(name, kwargs=parameters))
            body = all_of(response)
            # A page that is posted to alone leads whoever opens it to the object, which is 404.
            allowed = expected | {302, 405} if name.startswith(POSTED) else expected
            assert response.status_code in allowed, (who, name)
            assert CANARY.encode() not in body, (who, name)
    complaint = Complaint.objects.get()
    assert (complaint.state, complaint.messages.count()) == (ComplaintState.ESCALATED, 0)
    assert Authenticator.objects.filter(user=owner.user).exists()


def test_the_owner_reaches_each_of_them(client, owner):
    client.force_login(owner.user)
    readable = (
        *("consent_receipt_pdf", "consent_receipt_json", "complaint", "evidence"),
        *("call_audio", "download_call", "download_export", "hosted_service"),
        *("complaint_letter", "complaint_letter_pdf", "complaint_file_pdf", "approval"),
    )

    for name in readable:
        response = client.get(reverse(name, kwargs=objects_of(owner)[name]))
        assert response.status_code == 200, name
        assert all_of(response), name


def test_no_page_of_another_customer_speaks_of_the_owner(client, owner):
    client.force_login(make_customer().user)

    for name, parameters in routes():
        if parameters or name in ("account_logout", "usersessions_list"):
            continue
        response = client.get(reverse(name))
        body = all_of(response)
        assert CANARY.encode() not in body, name
        assert owner.public_id.encode() not in body, name


def test_a_reference_opens_nothing(client, owner):
    reference = Complaint.objects.get().reference
    client.force_login(owner.user)

    assert client.get(f"/complaints/{reference}/").status_code == 404
    assert len(Complaint.objects.get().public_id) == 32


# The desk


def desk_pages():
    """Yield every address of the desk, filled in for the first row of a table."""
    for pattern in get_resolver("privacyportal.urls").url_patterns:
        if str(pattern.pattern) != "admin/":
            continue
        for found in _patterns(pattern):
            try:
                yield reverse(f"admin:{found.name}") if found.name else ""
            except NoReverseMatch:
                for arguments in ((1,), (1, 1), ("accounts",), ("x",)):
                    try:
                        yield reverse(f"admin:{found.name}", args=arguments)
                        break
                    except NoReverseMatch:
                        continue


def _patterns(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _patterns(pattern)
        elif pattern.name:
            yield pattern


OPEN = {"/admin/login/", "/admin/logout/", "/admin/jsi18n/"}


def test_no_page_of_the_desk_opens_for_a_customer(client, owner):
    client.force_login(make_customer().user)
    pages = set(filter(None, desk_pages())) - OPEN

    answers = {page: client.get(page) for page in pages}

    assert len(pages) > 60
    opened = [page for page, answer in answers.items() if answer.status_code not in (302, 404, 403)]
    assert opened == []


def test_no_list_is_edited_and_no_row_is_deleted_or_made_inline(client, owner):
    for model, model_admin in admin.site._registry.items():
        assert not model_admin.list_editable, model
        assert not model_admin.inlines, model
        assert not model_admin.autocomplete_fields, model


def forged(customer):
    """What a list with editable rows, or a form with inline rows, would send."""
    return {
        "_save": "Save",
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(customer.pk),
        "form-0-full_name": "Kẻ Gian",
        "consents-TOTAL_FORMS": "1",
        "consents-INITIAL_FORMS": "0",
        "consents-0-customer": str(customer.pk),
        "consents-0-decision": "given",
        "full_name": "Kẻ Gian",
        "closed_at": "2020-01-01",
        "user": "1",
        "is_staff": "on",
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("place", ["", "{pk}/change/", "{pk}/delete/", "{pk}/history/"])
def test_forged_rows_change_nothing(role, place, client, owner):
    client.force_login(make_staff(role))
    before = Customer.objects.values().get(pk=owner.pk)

    answer = client.post(f"/admin/accounts/customer/{place.format(pk=owner.pk)}", forged(owner))

    assert answer.status_code in (200, 302, 400, 403, 405)
    assert Customer.objects.values().get(pk=owner.pk) == before
    assert Consent.objects.count() == 1
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    "probe",
    [
        "full_name__startswith=zq",
        "email__contains=a",
        "user__email__startswith=c",
        "user__password__startswith=argon2",
        "phone_hash__startswith=h1",
        "_to_field=email",
        "_popup=1",
        "consents__decision=given",
        "cases__reference__startswith=KN",
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_a_list_is_not_probed_by_its_address(role, probe, client, owner):
    client.force_login(make_staff(role))

    answer = client.get(f"/admin/accounts/customer/?{probe}")

    assert answer.status_code in (302, 400, 403)
    assert owner.public_id[:8] not in answer.text
