"""What a copy of the data tells: all that is declared of this customer, and nothing else."""

import pytest

from accounts.consents import decide_consent
from accounts.details import correct_details
from accounts.merging import approve_merge, ask_merge
from accounts.models import User
from common.antivirus import ScanState
from common.personal_data import declarations
from complaints.models import ComplaintLink
from hosting.models import HostedService
from marketing.models import Preference
from policies.models import Purpose
from privacyportal.roles import COMPLAINT_OFFICER, DPO
from rights.contents import told_declarations
from tests.factories import make_complaint, make_customer, make_evidence, make_hold, make_staff
from tests.retention.planting import make_full_customer
from tests.rights.conftest import copy_of, make_export

pytestmark = pytest.mark.django_db

CANARY = "zqvkxwpfhdnt"
HOSTILE = [
    '=HYPERLINK("http://x.example","y")',
    *("+1", "-1", "@SUM(A1)", "\t=1", "\r1", "＝1+1"),
    *(" =1+1", "\x1e\n=1"),
]


@pytest.fixture
def full(db):
    """An open account about which every table knows something."""
    customer = make_full_customer(CANARY, closed_days_ago=9)
    fields = dict.fromkeys(("closed_at", "closing_rule", "kept_until"))
    type(customer).objects.filter(pk=customer.pk).update(closing_cause="", **fields)
    customer.refresh_from_db()
    return customer


def test_expo_11_every_declared_field_is_in_the_copy(full):
    copy = copy_of(make_export(full))

    told = {
        (table, name) for table in copy.tables for record in copy.records(table) for name in record
    }
    declared = {
        (each.model._meta.label, name)
        for each in declarations()
        for name in [*each.personal, *each.exported]
    }
    assert declared - told == set()
    assert {table for table, _name in told - declared} == {"access.AccessRecord"}


def test_expo_11_what_customers_are_not_shown_is_not_in_it(full):
    copy = copy_of(make_export(full))

    for each in declarations():
        if (label := each.model._meta.label) in copy.tables:
            for record in copy.records(label):
                assert not record.keys() & set(each.internal)
    text = copy.text()
    assert full.user.password not in text
    assert full.phone_hash not in text
    assert f"{CANARY}4" not in text  # the key of a session
    told = {each.model for each in told_declarations()}
    silent = {each.model._meta.label for each in declarations() if each.model not in told}
    assert silent == {
        "account.EmailConfirmation",
        *("casework.CaseEvent", "casework.CaseNote", "casework.CaseReminder"),
        *("casework.CaseConflict", "complaints.QuestionedAccess", "complaints.ComplaintLink"),
        *("rights.CopyCode", "enquiries.ClosedSender"),
        *("retention.PurgeFailure", "retention.Remainder"),
        *("retention.LegalHold", "retention.NecessityReview", "staff.FlaggedRecord"),
    }


def test_each_value_has_its_category_label_and_origin(customer):
    copy = copy_of(make_export(customer))

    table = copy.tables["accounts.Customer"]
    assert (table["category"], table["category_label"]) == ("contact", "Contact details")
    (record,) = table["records"]
    name = record["fields"][0]
    since = name.pop("since")
    assert name == {
        "name": "full_name",
        "label": "full name",
        "value": "Nguyễn Văn Ưng",
        "origin": "from the company's records",
    }
    assert since
    assert copy.rows("contact.csv")[0][:5] == [
        *("Customers", "1", "Full name", "Nguyễn Văn Ưng", "from the company's records")
    ]
    assert "a copy of all that" in copy.read("README.txt").decode()


def test_it_speaks_the_customers_language():
    copy = copy_of(make_export(make_customer(language="vi")))

    assert copy.document["language"] == "vi"
    assert copy.tables["accounts.Customer"]["category_label"] == "Thông tin liên hệ"


def test_the_stored_files_are_in_it_under_safe_names(full):
    evil = make_evidence(
        make_complaint(customer=full), name="../..\\x\u202e:*?.pdf", content=b"%PDF-evil"
    )

    copy = copy_of(make_export(full))

    files = [name for name in copy.names if name.startswith("files/")]
    assert sorted(name.split("/")[1] for name in files) == [
        *("call_recording", "evidence", "evidence", "identity_proof")
    ]
    (name,) = [name for name in files if evil.public_id[:8] in name]
    assert name == f"files/evidence/{evil.public_id[:8]}-x_.pdf"
    assert copy.read(name) == b"%PDF-evil"
    (record,) = copy.tables["calls.CallRecording"]["records"]
    assert copy.read(record["files"][0]) == f"ID3{CANARY}15".encode()
    # The proof of identity was planted without a file: a word about that stands in its place.
    (lost,) = [name for name in files if name.startswith("files/identity_proof")]
    assert lost.endswith("-proof.pdf.txt")


def test_a_file_with_a_virus_stays_out(customer):
    file = make_evidence(make_complaint(customer=customer), content=b"%PDF-virus")
    type(file).objects.update(scan_state=ScanState.INFECTED)

    copy = copy_of(make_export(customer))

    (name,) = [name for name in copy.names if name.startswith("files/")]
    assert name.endswith("-thu.pdf.txt")
    assert "virus" in copy.read(name).decode()
    assert b"%PDF-virus" not in [copy.read(each) for each in copy.names]


def test_no_copy_holds_an_earlier_one(customer):
    make_export(customer)
    copy = copy_of(make_export(customer))

    assert not [name for name in copy.names if name.startswith("files/")]
    assert len(copy.records("rights.Export")) == 2


def test_what_the_customer_changed_is_in_it_and_what_staff_did_is_not(customer):
    details = {"full_name": "Trần Mai", "phone": "", "address": "Huế"}
    correct_details(customer, details=details, by=customer.user)
    correct_details(
        customer, details={**details, "address": "Hà Nội"}, by=make_staff(COMPLAINT_OFFICER)
    )

    copy = copy_of(make_export(customer))

    changes = [each for each in copy.document["changes"] if each["table"] == "accounts.Customer"]
    (change,) = changes
    assert change["change"] == "changed"
    assert {"name": "address", "label": "address", "value": "Huế"} in change["fields"]
    assert ["Changed", "Full name", "Trần Mai"] in [
        [row[1].capitalize(), row[3], row[4]] for row in copy.rows("changes.csv")
    ]


@pytest.mark.parametrize("cell", HOSTILE)
def test_expo_01_expo_02_no_cell_is_taken_for_a_formula(cell, customer):
    Preference.objects.create(customer=customer)
    type(customer).objects.filter(pk=customer.pk).update(full_name=cell)

    copy = copy_of(make_export(customer))

    assert f"'{cell}" in [row[3] for row in copy.rows("contact.csv")]
    assert copy.records("accounts.Customer")[0]["full_name"] == cell


def test_expo_01_a_number_stays_a_number(customer):
    HostedService.objects.create(customer=customer, kind="vps", label="-5", size_mb=1024)

    rows = copy_of(make_export(customer)).rows("hosted_content.csv")

    values = {row[2]: row[3] for row in rows}
    assert (values["Size in MB"], values["Name of the service"]) == ("1024", "'-5")


def test_expo_08_nobody_else_is_in_it(customer):
    """Staff and another customer worked on, complained of, and were linked to the same things."""
    officer = make_staff(COMPLAINT_OFFICER, staff_name="Phạm Thị Bí Mật")
    other = make_customer(full_name="Lê Người Khác", email="khac@example.com")
    mine = make_complaint(customer=customer, handler=officer)
    theirs = make_complaint(customer=other, text="Chuyện của người khác")
    ComplaintLink.objects.create(earlier=mine, later=theirs, kind="duplicate", by=officer)
    correct_details(
        customer, details={"full_name": "Ưng", "phone": "", "address": "Huế"}, by=officer
    )
    make_hold(customer, placed_by=officer)
    purpose = Purpose.objects.asking_consent()[0]
    decide_consent(customer, purpose, decision="given", by=customer.user)

    text = copy_of(make_export(customer)).text()

    for secret in (
        *(officer.staff_name, officer.email, officer.public_id),
        *(other.full_name, other.email, other.public_id, theirs.text, theirs.reference),
        *("Tòa án", "12/QĐ", "Điều tra"),
    ):
        assert secret not in text
    assert "from a member of staff" in text
    assert purpose.name_en in text


def test_no_exported_field_names_a_member_of_staff():
    for each in declarations():
        named = {name: each.model._meta.get_field(name).related_model for name in each.exported}
        assert User not in named.values(), each.model
        assert not named.keys() & {*each.personal, *each.internal}, each.model


def test_records_that_became_one_are_one_copy_with_the_files_of_both(customer):
    twin = make_customer(full_name="Ưng Thứ Hai")
    correct_details(twin, details={"full_name": "Ưng Cũ", "phone": "", "address": ""}, by=twin.user)
    make_evidence(make_complaint(customer=twin), content=b"%PDF-twin")
    merge = ask_merge(customer, duplicate=twin.public_id, reason="x", by=make_staff(DPO))
    approve_merge(merge, by=make_staff(DPO))

    copy = copy_of(make_export(customer))

    assert b"%PDF-twin" in [copy.read(name) for name in copy.names]
    assert "Ưng Cũ" in copy.read("changes.csv").decode()
