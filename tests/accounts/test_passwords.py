"""Which passwords are taken, through the door of a change of password."""

import pytest
from django.urls import reverse

from accounts.models import User
from tests.factories import PASSWORD, make_customer

pytestmark = pytest.mark.django_db


def choose(client, password, email="nguyenmaihoa@example.com"):
    """Change a customer's password to this one; return whether it was taken."""
    customer = make_customer(email=email)
    client.force_login(customer.user)
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = client.post(reverse("account_change_password"), form)
    taken = answer.status_code == 302
    user = User.objects.get(pk=customer.user.pk)
    assert user.check_password(password if taken else PASSWORD)
    assert taken or answer.context["form"].errors
    return taken


@pytest.mark.parametrize(
    "password",
    [
        "8letters",
        "con ngựa đúng pin ghim",
        "  khoảng trắng giữ nguyên  ",
        "🐎🔋📎 pin ghim",
        "x9" * 32,
        "matkhau cua mot nguoi khac",
    ],
)
def test_is_taken(client, password):
    assert choose(client, password)


@pytest.mark.parametrize(
    "password",
    [
        "7lettrs",
        "12345678",
        "password123",
        "matkhau123",
        "MatKhau@2026",
        "mật khẩu 123",
        "Mậtkhẩu!!",
        "anhyeuem1",
        "hanoi2026",
        "Đồng Nai 61",
        "nguyenmaihoa",
        "NguyenMaiHoa1",
        "x9" * 2048,
    ],
)
def test_is_refused(client, password):
    assert not choose(client, password)


def test_a_password_of_a_megabyte_is_refused(client):
    customer = make_customer()
    client.force_login(customer.user)
    long = "p4" * 600_000

    answer = client.post(
        reverse("account_change_password"),
        {"oldpassword": long, "password1": long, "password2": long},
    )

    assert answer.status_code == 400


def test_the_spaces_around_a_password_are_part_of_it(client):
    assert choose(client, "  khoảng trắng  ")

    user = User.objects.get(email="nguyenmaihoa@example.com")
    assert not user.check_password("khoảng trắng")
