"""What nobody should send, sent to the forms: cases of the area "form"."""

import re
import unicodedata
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import trans_real

from accounts.acceptance import accept_policy
from accounts.models import Customer
from casework.models import LONGEST_TEXT
from common.forms import LineField, ProseField
from common.text import MOST_MARKS
from common.tokens import new_public_id
from complaints.models import Complaint
from notices.services import send_due_notices
from policies.models import PolicyVersion
from privacyportal.roles import COMPLAINT_OFFICER
from tests.factories import make_complaint, make_customer, make_staff

pytestmark = pytest.mark.django_db

DETAILS = {"full_name": "Trần Mai", "phone": "0912345678", "address": "Huế"}
SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} {% debug %}",
    "'; drop table x;--",
]


@pytest.fixture
def customer(client):
    customer = make_customer()
    accept_policy(customer, PolicyVersion.objects.current().text_in("vi"))
    client.force_login(customer.user)
    return customer


def save(client, **changes):
    return client.post(reverse("edit_details"), {**DETAILS, **changes})


def complain(client, text):
    return client.post(
        reverse("file_complaint"),
        {"submission": new_public_id(), "category": "other", "text": text},
    )


@pytest.mark.parametrize("name", DETAILS)
def test_nul_in_a_field_is_an_error_of_the_form(client, customer, name):
    before = Customer.objects.get(pk=customer.pk)

    response = save(client, **{name: "a\0b"})

    assert name in response.context["form"].errors
    assert getattr(Customer.objects.get(pk=customer.pk), name) == getattr(before, name)


def test_nul_in_a_complaint_is_an_error_of_the_form(client, customer):
    assert "text" in complain(client, "a\0b").context["form"].errors
    assert not Complaint.objects.exists()


@pytest.mark.parametrize(
    "query", ["page=99999999999999999999", "page=-1", "page=%E2%91%A0", "page=1e9", "page="]
)
@pytest.mark.parametrize("name", ["complaints", "accesses"])
def test_a_page_number_that_is_none_gives_a_page(client, customer, name, query):
    assert client.get(f"{reverse(name)}?{query}").status_code == 200


TOO_LONG = {
    "limit": "x" * (LONGEST_TEXT + 1),
    "FORM-05 20 001": "x" * 20_001,
    "FORM-05 1 MB": "x" * 1_000_000,
    "FORM-05 digits": "4111 " * 200_000,
    "FORM-11 brackets": "<" * 100_000,
    "FORM-11 unclosed": "<a " * 33_000,
}


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
def test_a_text_that_is_too_long_is_told_the_limit_and_kept(client, customer, text):
    response = complain(client, text)

    (error,) = response.context["form"].errors["text"]
    assert re.search(r"\d[\d.]*", error).group().replace(".", "") == str(LONGEST_TEXT)
    assert escape(text) in response.content.decode()
    assert not Complaint.objects.exists()


def test_a_text_that_is_too_long_is_not_searched_for_cards():
    """FORM-05: what is refused for its length costs no more work."""
    card = "4111 1111 1111 1111"
    for field in (ProseField(max_length=30), LineField(max_length=30)):
        assert field.clean(card) != card
        assert field.to_python(f"{card} and more words") == f"{card} and more words"


def test_no_page_or_mail_parses_what_people_wrote():
    """FORM-11: strip_tags and its like were slow on unclosed tags, again and again."""
    used = re.compile(r"striptags|urlize|truncat\w+_html|strip_tags|import Truncator")
    ours = [
        path
        for folder in Path(settings.BASE_DIR).iterdir()
        if folder.is_dir() and not folder.name.startswith((".", "var", "tests", "static"))
        for path in [*folder.rglob("*.html"), *folder.rglob("*.txt"), *folder.rglob("*.py")]
    ]

    assert len(ours) > 400
    assert [path for path in ours if used.search(path.read_text())] == []


def test_a_text_of_angle_brackets_is_a_text(client, customer):
    text = "<" * LONGEST_TEXT
    page = client.get(complain(client, text).url).content.decode()
    assert "&lt;" * LONGEST_TEXT in page


@pytest.mark.parametrize(
    "body",
    [
        "&".join(f"field{number}=1" for number in range(1100)),
        "text=" + "x" * 2_700_000,
    ],
    ids=["1100 fields", "2.7 MB"],
)
def test_a_form_that_is_too_large_is_a_bad_request(client, customer, body):
    response = client.post(
        reverse("file_complaint"), body, content_type="application/x-www-form-urlencoded"
    )

    assert response.status_code in (400, 413)
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("hostile", SCRIPTS)
def test_what_people_write_is_text_wherever_it_is_shown(client, customer, hostile):
    save(client, full_name=hostile, address=hostile)
    complaint = Complaint.objects.get(public_id=complain(client, hostile).url.split("/")[-2])
    send_due_notices()
    officer = Client()
    officer.force_login(make_staff(COMPLAINT_OFFICER))

    pages = [
        client.get(reverse("data")),
        client.get(reverse("overview")),
        client.get(complaint.get_absolute_url()),
        officer.get(f"/admin/complaints/complaint/{complaint.pk}/change/"),
        officer.get(f"/admin/complaints/complaint/{complaint.pk}/history/"),
        officer.get("/admin/complaints/complaint/"),
        officer.get("/admin/accounts/customer/"),
    ]

    for response in pages:
        page = response.content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page
        assert "49" not in re.findall(r">\s*(49)\s*<", page)
    assert customer.__class__.objects.get(pk=customer.pk).full_name == hostile
    assert len(mail.outbox) > 0
    for message in mail.outbox:
        assert "\n" not in message.subject


def test_a_name_of_piled_up_marks_is_taken_and_cut(client, customer):
    """FORM-13: 40 marks on a letter would cover the lines above and below."""
    zalgo = "".join(letter + "\u0301\u0316" * 20 for letter in "Ng")
    response = save(client, full_name=zalgo)

    assert response.status_code == 302
    customer.refresh_from_db()
    marks = [len(part) for part in re.findall(r"[\u0300-\u036f]+", customer.full_name)]
    assert 0 < max(marks) <= MOST_MARKS
    assert customer.full_name in client.get(reverse("data")).text


@pytest.mark.parametrize("name", ["Nguyễn Văn Ưng", "สมชาย ทิ้ง", "יוֹסֵף", "नरेन्द्र"])
def test_marks_that_a_script_needs_stay(client, customer, name):
    """FORM-13"""
    save(client, full_name=name)
    customer.refresh_from_db()
    assert customer.full_name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("invisible", ["\u200b", "\u2066", "\u202e", "\ufeff", "\u00ad"])
def test_names_that_look_equal_are_equal(client, customer, invisible):
    save(client, full_name=f"Nguyễn{invisible} Văn Ưng")
    customer.refresh_from_db()
    assert customer.full_name == "Nguyễn Văn Ưng"

    save(client, full_name=unicodedata.normalize("NFD", "Nguyễn Văn Ưng"))
    customer.refresh_from_db()
    assert customer.full_name == "Nguyễn Văn Ưng"


PHONE_NUMBERS = {
    "FORM-17 international": "+84 912 345 678",
    "FORM-17 national": "0912345678",
    "FORM-17 full width": "０９１２３４５６７８",
    "FORM-17 full width, international": "＋８４－９１２－３４５－６７８",
    "FORM-17 no plus": "84-912-345-678",
    "FORM-17 no plus, no dashes": "84912345678",
    "double zero": "0084 912 345 678",
    "dots": "0912.345.678",
    "brackets": "(091) 234-5678",
}


@pytest.mark.parametrize("typed", PHONE_NUMBERS.values(), ids=PHONE_NUMBERS)
def test_a_phone_number_has_one_form(client, customer, typed):
    save(client, phone=typed)
    customer.refresh_from_db()
    assert customer.phone == "+84912345678"


@pytest.mark.parametrize("typed", ["12", "0" * 40, "+84 000 000 000", "٠٩١"])
def test_a_phone_number_that_is_none_is_refused(client, customer, typed):
    before = customer.phone
    assert "phone" in save(client, phone=typed).context["form"].errors
    customer.refresh_from_db()
    assert customer.phone == before


def test_fields_that_the_form_does_not_have_change_nothing(client, customer):
    neighbour = make_customer()
    secret = {
        "customer_id": neighbour.pk,
        "public_id": "0" * 32,
        "user": neighbour.user.pk,
        "is_staff": "on",
        "is_superuser": "on",
        "closed_at": "2020-01-01",
        "kept_until": "2020-01-01",
        "email": "other@example.com",
        "state": "resolved",
        "hold": "false",
    }
    public_id, email = customer.public_id, customer.email

    save(client, **secret)
    complaint = make_complaint(customer=customer)
    client.post(complaint.get_absolute_url(), secret)

    customer.refresh_from_db()
    customer.user.refresh_from_db()
    assert (customer.public_id, customer.email, customer.is_open) == (public_id, email, True)
    assert not customer.user.is_staff
    assert not customer.user.is_superuser
    complaint.refresh_from_db()
    assert complaint.state == "received"


def test_a_form_without_its_token_is_refused_and_says_how_to_go_on(customer):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer.user)

    response = strict.post(reverse("edit_details"), {**DETAILS, "full_name": "Khác"})

    assert response.status_code == 403
    assert f'<a href="{reverse("edit_details")}">quay lại biểu mẫu</a>' in response.text
    before = customer.full_name
    customer.refresh_from_db()
    assert customer.full_name == before


def test_a_form_that_was_open_for_too_long_gives_back_what_was_written(customer):
    """FORM-25: the texts, for who wrote them; no password, and no button that sends them on."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer.user)
    typed = {"text": "Tôi bị gọi quảng cáo </textarea><b>", "password1": "correct horse battery"}

    page = strict.post(reverse("file_complaint"), typed).text

    assert escape(typed["text"]) in page
    assert "<b>" not in page
    assert "correct horse" not in page
    assert "<form" not in page
    assert f'href="{reverse("file_complaint")}"' in page
    assert not Complaint.objects.exists()


LONG_LANGUAGES = {
    "FORM-26 10 000 entries": ",".join(f"x{number};q=0.1" for number in range(10_000)),
    "FORM-26 1 MB": "v" * 1_000_000,
    "FORM-26 tags": "vi" + "-a" * 500_000,
    "letters": "\u00e4\u00f6",
}


def test_no_longer_wish_for_a_language_is_read_than_a_browser_sends():
    """FORM-26: whatever its length, so many characters are parsed and no more."""
    for wish in LONG_LANGUAGES.values():
        read = trans_real.parse_accept_lang_header(wish)
        assert sum(len(language) for language, _weight in read) <= 500


@pytest.mark.parametrize("languages", LONG_LANGUAGES.values(), ids=LONG_LANGUAGES)
def test_any_wish_for_a_language_gets_a_page(client, languages):
    response = client.get(reverse("home"), headers={"accept-language": languages})
    assert response.status_code == 200
    response = client.post(reverse("set_language"), {"language": languages, "next": "/"})
    assert response.status_code in (204, 302)
