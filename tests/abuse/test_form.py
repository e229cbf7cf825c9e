"""What nobody should send, sent to the forms: cases of the area "form"."""

import re
import unicodedata

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.acceptance import accept_policy
from accounts.models import Customer
from common.tokens import new_public_id
from complaints.models import LONGEST_TEXT, Complaint
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


def test_a_text_that_is_too_long_is_told_the_limit_and_kept(client, customer):
    text = "x" * (LONGEST_TEXT + 1)

    response = complain(client, text)

    (error,) = response.context["form"].errors["text"]
    assert re.search(r"\d[\d.]*", error).group().replace(".", "") == str(LONGEST_TEXT)
    assert text in response.content.decode()
    assert not Complaint.objects.exists()


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


def test_a_name_of_piled_up_marks_is_taken_and_breaks_no_page(client, customer):
    zalgo = "".join(letter + "\u0301\u0316" * 20 for letter in "Ng")
    response = save(client, full_name=zalgo)

    assert response.status_code == 302
    assert client.get(reverse("data")).status_code == 200


@pytest.mark.parametrize("invisible", ["\u200b", "\u2066", "\u202e", "\ufeff", "\u00ad"])
def test_names_that_look_equal_are_equal(client, customer, invisible):
    save(client, full_name=f"Nguyễn{invisible} Văn Ưng")
    customer.refresh_from_db()
    assert customer.full_name == "Nguyễn Văn Ưng"

    save(client, full_name=unicodedata.normalize("NFD", "Nguyễn Văn Ưng"))
    customer.refresh_from_db()
    assert customer.full_name == "Nguyễn Văn Ưng"


@pytest.mark.parametrize(
    "typed",
    ["+84 912 345 678", "0912345678", "０９１２３４５６７８", "0912.345.678", "(091) 234-5678"],
)
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
    assert "quay lại" in response.content.decode()
    before = customer.full_name
    customer.refresh_from_db()
    assert customer.full_name == before


@pytest.mark.parametrize(
    "languages",
    [
        ",".join(f"x{number};q=0.1" for number in range(10_000)),
        "v" * 100_000,
        "vi" + "-a" * 10_000,
        "\u00e4\u00f6",
    ],
)
def test_any_wish_for_a_language_gets_a_page(client, languages):
    response = client.get(reverse("home"), headers={"accept-language": languages})
    assert response.status_code == 200
    response = client.post(reverse("set_language"), {"language": languages, "next": "/"})
    assert response.status_code in (204, 302)
