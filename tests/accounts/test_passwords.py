"""Which passwords are taken, through the door of a change of password."""

import pytest
from allauth.account.adapter import get_adapter
from django.urls import reverse

from accounts.closing import close_account
from accounts.models import User
from incidents.services import report_unauthorised_use
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

    assert answer.status_code == 413  # before it is read


def test_the_spaces_around_a_password_are_part_of_it(client):
    assert choose(client, "  khoảng trắng  ")

    user = User.objects.get(email="nguyenmaihoa@example.com")
    assert not user.check_password("khoảng trắng")


def test_a_password_that_is_set_late_undoes_no_lock():
    customer = make_customer()
    late = User.objects.get(pk=customer.user.pk)
    report_unauthorised_use(customer, origin="mail", by=customer.user)

    get_adapter().set_password(late, "quite another one")

    user = User.objects.get(pk=late.pk)
    assert user.check_password("quite another one")
    assert user.locked_at is not None
    assert user.history.first().locked_at == user.locked_at


def test_a_password_that_is_set_late_opens_no_closed_account():
    customer = make_customer(email="hoa@example.com")
    late = User.objects.get(pk=customer.user.pk)
    close_account(customer, by=customer.user)

    get_adapter().set_password(late, "quite another one")

    user = User.objects.get(pk=late.pk)
    assert (user.is_active, user.email) == (False, f"{user.public_id}@closed.invalid")
