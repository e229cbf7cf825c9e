import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from accounts.exceptions import ImportRefused
from accounts.imports import content_of, forget_files, import_customers, keep_for_preview
from accounts.models import Consent, Customer, CustomerImport
from marketing.contacts import contact_hash
from marketing.suppression import suppress, suppressions_of
from policies.loading import load_profile
from policies.models import Company, DeclaredField, PolicyVersion, Purpose
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_customer, make_staff
from tests.threads import at_once

UPLOAD = "/admin/accounts/customer/import_file/"
HEAD = "Họ và tên;Email;Số điện thoại;Địa chỉ"
GOOD = f"""{HEAD}
Lê Thị Mai;Mai@example.com;0912 345 678;5 Lê Lợi, Huế
Trần  Văn Nam;nam@example.com;0987654321;
"""


@pytest.fixture
def dpo(client, db):
    user = make_staff(DPO)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def upload(client, content, *, follow=True):
    content = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile("khách.csv", content, content_type="text/csv")
    return client.post(UPLOAD, {"file": file}, follow=follow)


def preview_page(page):
    return page.redirect_chain[-1][0]


def report_of(client, page):
    text = client.get(f"{preview_page(page)}faults.csv").content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def test_columns_that_the_company_asks_nobody_for_are_left_alone(client, dpo):
    Company.objects.update(required_fields=["full_name", "email"], optional_fields=["phone"])
    sample = client.get("/admin/accounts/customer/import/sample.csv").content.decode("utf-8-sig")

    page = upload(client, GOOD)
    client.post(preview_page(page))

    assert "Địa chỉ" in page.context["preview"].unknown
    assert [each.address for each in Customer.objects.all()] == ["", ""]
    assert "Địa chỉ" not in sample
    assert "Lê Lợi" not in sample


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_nothing_is_imported_before_somebody_says_so(encoding, client, dpo):
    page = upload(client, GOOD.encode(encoding))

    assert not Customer.objects.exists()
    client.post(preview_page(page))
    nam, mai = Customer.objects.all()
    assert (mai.full_name, mai.email, mai.phone, mai.address) == (
        "Lê Thị Mai",
        "mai@example.com",
        "+84912345678",
        "5 Lê Lợi, Huế",
    )
    assert (nam.full_name, nam.email, nam.phone) == (
        "Trần Văn Nam",
        "nam@example.com",
        "+84987654321",
    )
    assert {each.user for each in (mai, nam)} == {None}
    line = mai.history.get()
    assert (line.history_user, line.history_change_reason) == (dpo, "imported")
    assert not Consent.objects.exists()
    assert not CustomerImport.objects.exists()


def test_headers_may_be_english_and_in_any_order(client, dpo):
    page = upload(client, "Phone,note,FULL_NAME,e-mail\n0912345678,VIP,Lê Thị Mai,m@example.com\n")

    assert "note" in page.text
    client.post(preview_page(page))
    assert Customer.objects.get().full_name == "Lê Thị Mai"


@pytest.mark.parametrize(
    ("profile", "required"),
    [
        ("speedsms", "Họ và tên, Email, Số điện thoại, Địa chỉ;"),
        ("clever_group", "Họ và tên, Email;"),
    ],
)
def test_the_page_names_what_the_company_lets_no_row_be_without(profile, required, client, dpo):
    load_profile(profile)
    page = client.get(UPLOAD, headers={"accept-language": "en"}).text
    assert f"No row may be without: {required}" in page


def test_the_preview_names_line_column_and_fault_and_keeps_the_good_rows(client, dpo):
    load_profile("clever_group")  # which asks for no phone number
    make_customer(email="binh@example.com", is_verified=True)
    make_customer(phone="+84911111111", is_verified=True)
    page = upload(
        client,
        f"""{HEAD}
Lê Thị Mai;mai@example.com;;
;an@example.com;;
Bình;BINH@example.com;;
Mai nữa;Mai@Example.com;;
Chi;chi@example;0912345678;
Dung;dung@example.com;12;
Em;em@example.com;0911111111;
Giang;;;
Hà;ha@example.com;0912345678;a;b
""",
    )

    client.cookies["django_language"] = "en"
    faults = [(line, column) for line, column, _text, _value in report_of(client, page)]
    assert faults == [
        ("3", "Họ và tên"),
        ("4", "email"),
        ("5", "email"),
        ("6", "Email"),
        ("7", "Số điện thoại"),
        ("8", "phone"),
        ("9", "Email"),
        ("10", ""),
    ]
    client.post(preview_page(page))
    assert list(Customer.objects.filter(user=None).values_list("full_name", flat=True)) == [
        "Lê Thị Mai"
    ]


def test_no_cell_of_the_report_is_a_formula(client, dpo):
    page = upload(client, f'{HEAD}\nMai;"=HYPERLINK(""http://x"")";;\nNam;x; =1+1;\n')

    values = [value for *_place, value in report_of(client, page)]
    assert [value for value in values if "=" in value] == [
        '\'=HYPERLINK("http://x")',
        "' =1+1",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The submitted file is empty"),
        ("Trần".encode("utf-16-le"), "neither UTF-8 nor UTF-16"),
        (b"H\xf5 t\xean;Email\nTr\xe2\xcc\xccn;a@example.com\n", "neither UTF-8 nor UTF-16"),
        (b"a\x00b", "neither UTF-8 nor UTF-16"),
        ("Mai;mai@example.com\n", "must name the columns"),
        (f"{HEAD}\n", "names no customer"),
        (f'{HEAD}\n"Mai;a@example.com;;\n', "breaks off at line 2"),
        ("Họ tên;Email;E-mail\nMai;a@example.com;b@example.com\n", "the same meaning"),
        (f"{HEAD}\n" + "Mai;;0912345678;\n" * 50_001, "more than 50"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(content, said, client, dpo):
    page = upload(client, content)

    assert said in page.text
    assert not CustomerImport.objects.exists()


def consenting(**kwargs):
    values = {
        "Đồng ý": Purpose.objects.asking_consent().first().code,
        "Ngày đồng ý": "01/11/2026",
        "Phiên bản chính sách": PolicyVersion.objects.current().number,
        "Kênh đồng ý": "Tại quầy",
        "Chứng từ đồng ý": "Phiếu 12",
        **kwargs,
    }
    head, row = ";".join(values), ";".join(values.values())
    return f"Họ và tên;Email;Điện thoại;{head}\nMai;mai@example.com;0912345678;{row}\n"


def test_a_consent_comes_with_its_day_its_version_and_its_proof(client, dpo):
    page = upload(client, consenting())
    client.post(preview_page(page))

    consent = Consent.objects.get()
    assert timezone.localtime(consent.at).date().isoformat() == "2026-11-01"
    assert (consent.channel, consent.actor) == ("staff", dpo)
    assert (consent.proof.channel, consent.proof.reference) == ("counter", "Phiếu 12")
    assert consent.is_in_force


@pytest.mark.parametrize(
    "wrong",
    [
        {"Đồng ý": "everything"},
        {"Đồng ý": "service"},
        {"Ngày đồng ý": ""},
        {"Ngày đồng ý": "31/12/2126"},
        {"Ngày đồng ý": "01/01/1990"},
        {"Phiên bản chính sách": "99"},
        {"Phiên bản chính sách": ""},
        {"Kênh đồng ý": ""},
        {"Kênh đồng ý": "bồ câu"},
        {"Chứng từ đồng ý": ""},
    ],
)
def test_a_consent_without_all_of_its_proof_is_a_fault(wrong, client, dpo):
    page = upload(client, consenting(**wrong))

    faults = [(line, column) for line, column, _text, _value in report_of(client, page)]
    assert faults == [("2", next(iter(wrong)))]
    client.post(preview_page(page))
    assert not Customer.objects.exists()


def test_the_file_is_encrypted_and_thrown_away_within_the_hour(client, dpo):
    page = upload(client, GOOD)
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_customerimport")
        assert "Mai" not in str(cursor.fetchone())
    assert content_of(CustomerImport.objects.get()) == GOOD.encode()

    CustomerImport.objects.update(uploaded_at=timezone.now() - timedelta(minutes=61))

    assert client.get(preview_page(page)).status_code == 404
    forget_files()
    assert not CustomerImport.objects.exists()


def test_nobody_sees_or_confirms_the_file_of_somebody_else(client, dpo):
    page = upload(client, GOOD)
    client.force_login(make_staff(DPO))

    answers = [
        client.get(preview_page(page)),
        client.post(preview_page(page)),
        client.get(f"{preview_page(page)}faults.csv"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert not Customer.objects.exists()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, AUDITOR, ADMINISTRATOR])
def test_only_the_dpo_imports(role, client, dpo):
    page = upload(client, GOOD)
    client.force_login(make_staff(role))
    sample = "/admin/accounts/customer/import/sample.csv"

    assert client.get(UPLOAD).status_code == 403
    assert upload(client, GOOD).status_code == 403
    for address in (preview_page(page), sample):
        assert client.get(address).status_code == 403


def test_a_sign_up_that_proved_nothing_keeps_nobody_from_being_imported(client, dpo):
    make_customer(email="mai@example.com", phone="+84912345678")
    page = upload(client, GOOD)

    client.post(preview_page(page))

    assert Customer.objects.filter(user=None, email="mai@example.com").count() == 1


def test_when_the_customers_changed_since_the_preview_nothing_is_imported(client, dpo):
    page = upload(client, GOOD)
    make_customer(email="mai@example.com", user=None)

    answer = client.post(preview_page(page))

    assert "have changed since" in answer.text
    assert Customer.objects.count() == 1


def test_the_sample_can_be_imported(client, dpo):
    sample = client.get("/admin/accounts/customer/import/sample.csv")

    page = upload(client, sample.content)
    client.post(preview_page(page))

    assert Customer.objects.get().email == "ung@example.com"


def test_two_clicks_import_once(portal):
    dpo = make_staff(DPO)
    kept = keep_for_preview(GOOD.encode(), by=dpo)

    outcomes = at_once(*[lambda: import_customers(kept, by=dpo)] * 2)

    assert Customer.objects.count() == 2
    assert sorted(map(str, map(type, outcomes))) == sorted(map(str, [int, ImportRefused]))


def test_who_refused_advertising_before_stays_refused(client, dpo):
    purpose = Purpose.objects.asking_consent().exclude(channel="none").first()
    suppress(
        [contact_hash("mai@example.com"), contact_hash("+84912345678")], purpose, reason="refused"
    )

    page = upload(client, consenting(**{"Đồng ý": purpose.code}))
    client.post(preview_page(page))

    assert Consent.objects.get().purpose == purpose
    assert suppressions_of(["mai@example.com"], purpose).exists()


def test_details_that_the_company_asks_for_are_imported_too(client, dpo):
    load_profile("clever_group")
    asked = DeclaredField.objects.active().filter(kind="text").first()

    page = upload(client, f"Name,Email,{asked.name_en}\nMai,mai@example.com,Công ty Hoa\n")
    client.post(preview_page(page))

    (value,) = Customer.objects.get().declared.all()
    assert (value.field, value.value) == (asked, "Công ty Hoa")


def test_the_preview_tells_of_cards_that_go_in_masked(client, dpo):
    page = upload(client, f"{HEAD}\nLê Mai;mai@example.com;0912345678;Thẻ 4111 1111 1111 1111\n")

    assert "Numbers of payment cards, masked" in page.text
    client.post(preview_page(page))
    assert Customer.objects.get().address == "Thẻ •••• •••• •••• ••••"
