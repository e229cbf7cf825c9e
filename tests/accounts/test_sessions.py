"""How long a session lasts, what ends it, and what asks again who is there."""

import re
from datetime import timedelta
from urllib.parse import unquote_plus

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import clear_url_caches, path, reverse
from django.utils import timezone

from accounts.closing import close_account
from accounts.http import confirmed_again
from accounts.models import Customer, KnownDevice
from accounts.sessions import end_sessions
from hosting.models import HostedService
from notices.services import send_due_notices
from privacyportal import urls
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER
from tests.calls.conftest import decide, make_recording
from tests.clients import PortalClient, code_of, set_up_app
from tests.factories import PASSWORD, make_customer, make_staff

pytestmark = pytest.mark.django_db

LOGIN = "/account/login/"
DETAILS = {"full_name": "Nguyễn Văn Ưng", "phone": "0912 345 678", "address": "Huế"}


@pytest.fixture
def ung():
    customer = make_customer(full_name="Nguyễn Văn Ưng", phone="+84911111111")
    EmailAddress.objects.create(
        user=customer.user, email=customer.email, verified=True, primary=True
    )
    return customer


def sign_in(client, user):
    return client.post(LOGIN, {"login": user.email, "password": PASSWORD})


def is_in(client, page="/me/data/"):
    return "login" not in client.get(page).get("Location", "")


def copy_of(client):
    """A browser with the same cookies, as whoever stole them has."""
    other = PortalClient()
    other.cookies["sessionid"] = client.cookies["sessionid"].value
    return other


@pytest.mark.parametrize(("minutes", "stays"), [(29, True), (30, False)])
def test_a_customers_session_ends_after_thirty_idle_minutes(client, ung, minutes, stays):
    client.force_login(ung.user)

    with time_machine.travel(timezone.localtime() + timedelta(minutes=minutes)):
        assert is_in(client) is stays
        assert is_in(client) is stays


@pytest.mark.parametrize(("minutes", "stays"), [(14, True), (15, False)])
def test_the_session_of_staff_ends_after_fifteen(client, minutes, stays):
    client.force_login(make_staff(COMPLAINT_OFFICER))

    with time_machine.travel(timezone.localtime() + timedelta(minutes=minutes)):
        assert is_in(client, "/admin/") is stays


def test_use_keeps_a_session_for_twelve_hours_and_not_longer(client, ung):
    client.force_login(ung.user)
    start = timezone.now()
    for minutes in range(0, 12 * 60, 20):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            assert is_in(client), minutes

    with time_machine.travel(start + timedelta(hours=12, seconds=1)):
        assert not is_in(client)


def test_a_page_asked_twice_in_a_minute_writes_nothing(client, ung):
    client.force_login(ung.user)
    client.get("/me/data/")
    before = dict(client.session.items())

    client.get("/me/data/")

    assert dict(client.session.items()) == before


def change_password(client, user):
    form = {"oldpassword": PASSWORD, "password1": "quite another one"}
    client.post(reverse("account_change_password"), {**form, "password2": form["password1"]})


def change_role(client, user):
    administrator = PortalClient()
    administrator.force_login(make_staff(ADMINISTRATOR))
    form = {"staff_name": "A", "language": "vi", "engagement": "employee"}  # is_active unticked
    form["groups"] = [user.groups.get().pk]
    administrator.post(f"/admin/accounts/user/{user.pk}/change/", form)


ENDS = {
    "sign-out": lambda client, user: client.post(reverse("account_logout")),
    "closing": lambda client, user: close_account(Customer.objects.get(user=user), by=user),
    "new password": change_password,
    "signed out elsewhere": lambda client, user: end_sessions([user.pk]),
}


@pytest.mark.parametrize("event", ENDS)
def test_a_copied_cookie_opens_nothing_any_more_after(event, ung):
    victim, owner = PortalClient(), PortalClient()
    sign_in(victim, ung.user)
    thief = copy_of(victim)
    sign_in(owner, ung.user)
    assert is_in(thief)

    ENDS[event](victim if event == "sign-out" else owner, ung.user)

    assert not is_in(thief)


def test_a_copied_cookie_of_staff_opens_nothing_once_they_may_not_sign_in(client):
    officer = make_staff(COMPLAINT_OFFICER)
    client.force_login(officer)
    thief = copy_of(client)
    assert is_in(thief, "/admin/")

    change_role(client, officer)

    assert not is_in(thief, "/admin/")


def test_rights_that_are_taken_away_are_gone_with_the_next_click(client):
    officer = make_staff(COMPLAINT_OFFICER)
    client.force_login(officer)
    assert client.get("/admin/complaints/complaint/").status_code == 200

    officer.groups.set([make_staff(AUDITOR).groups.get()])

    assert client.get("/admin/complaints/complaint/").status_code == 403


def test_a_session_chosen_before_the_sign_in_is_not_the_one_after_it(client, ung):
    client.get(reverse("account_login"))
    client.cookies["sessionid"] = "a" * 32
    chosen = copy_of(client)

    sign_in(client, ung.user)

    assert client.cookies["sessionid"].value != "a" * 32
    assert is_in(client)
    assert not is_in(chosen)


def test_the_browser_forgets_what_it_held_at_sign_out_and_only_then(client, ung):
    client.force_login(ung.user)
    assert "Clear-Site-Data" not in client.get("/me/data/")

    answer = client.post(reverse("account_logout"))

    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/")


def test_a_form_that_is_interrupted_goes_through_once_it_is_clear_who_sends_it(client, ung):
    client.force_login(ung.user, fresh=False)

    asked = client.post(reverse("edit_details"), DETAILS)
    ung.refresh_from_db()
    assert (asked.url.partition("?")[0], ung.phone) == (
        reverse("account_reauthenticate"),
        "+84911111111",
    )
    wrong = client.post(asked.url, {"password": "not it"})
    assert wrong.context["form"].errors

    client.post(asked.url, {"password": PASSWORD})

    ung.refresh_from_db()
    assert (ung.phone, ung.address) == ("+84912345678", "Huế")


def test_a_form_that_waits_is_sealed(client, ung):
    client.force_login(ung.user, fresh=False)
    client.post(reverse("edit_details"), DETAILS)

    (stored,) = Session.objects.values_list("session_data", flat=True)

    assert stored.startswith("v1.")
    assert DatabaseStore().decode(stored) == {}
    assert DETAILS["full_name"] in unquote_plus(str(dict(client.session.items())))


def test_a_session_that_no_key_opens_signs_nobody_in(client, ung):
    client.force_login(ung.user)
    Session.objects.update(session_data=DatabaseStore().encode(dict(client.session.items())))

    assert not is_in(client)


def test_it_goes_through_with_a_code_of_the_app_too(client, ung):
    app = set_up_app(ung.user)
    client.force_login(ung.user, fresh=False)
    asked = client.post(reverse("edit_details"), DETAILS).url

    query = asked.partition("?")[2]
    client.post(f"{reverse('mfa_reauthenticate')}?{query}", {"code": code_of(app)})

    ung.refresh_from_db()
    assert ung.phone == "+84912345678"


def test_what_changes_no_number_is_not_interrupted(client, ung):
    client.force_login(ung.user, fresh=False)

    client.post(reverse("edit_details"), {**DETAILS, "phone": ung.phone})

    ung.refresh_from_db()
    assert ung.address == "Huế"


@pytest.mark.parametrize(
    ("name", "args", "data"),
    [
        ("close_account", [], {"understood": "on"}),
        ("erase_detail", ["address"], {}),
        ("erase_category", ["complaint"], {}),
        ("account_email", [], {"action_add": "", "email": "moi@example.com"}),
    ],
)
def test_grave_steps_ask_again_and_do_nothing_before(client, ung, name, args, data):
    client.force_login(ung.user, fresh=False)

    answer = client.post(reverse(name, args=args), data)

    assert answer.url.startswith(reverse("account_reauthenticate"))
    before = ung.address
    ung.refresh_from_db()
    assert (ung.is_open, ung.address) == (True, before)
    assert EmailAddress.objects.count() == 1


def make_agreed_recording(customer):
    decide(customer)
    return make_recording(customer)


@pytest.mark.parametrize(
    ("make", "address"),
    [
        (make_agreed_recording, "/me/calls/{}/erase/"),
        (
            lambda customer: HostedService.objects.create(customer=customer, kind="vps"),
            "/me/hosting/{}/erase/",
        ),
        (lambda customer: KnownDevice.objects.create(user=customer.user), "/me/devices/forget/"),
    ],
)
def test_erasing_a_row_asks_again_and_does_nothing_before(client, ung, make, address):
    row = make(ung)
    client.force_login(ung.user, fresh=False)

    answer = client.post(address.format(row.public_id), {"device": row.public_id})

    assert answer.url.startswith(reverse("account_reauthenticate"))
    row.refresh_from_db()


def test_it_lasts_for_five_minutes(client, ung):
    client.force_login(ung.user)

    for minutes, asks in ((4, False), (6, True)):
        with time_machine.travel(timezone.localtime() + timedelta(minutes=minutes)):
            answer = client.get(reverse("close_account"))
            assert answer.get("Location", "").startswith("/account/reauth") is asks


def test_any_view_can_ask_so(client, ung, monkeypatch):
    def export(request):
        raise AssertionError("handed out")

    added = [path("export/", confirmed_again(export), name="export"), *urls.urlpatterns]
    monkeypatch.setattr(urls, "urlpatterns", added)
    clear_url_caches()
    client.force_login(ung.user, fresh=False)

    assert client.get("/export/").url.startswith(reverse("account_reauthenticate"))
    clear_url_caches()


def reset_link(client, email):
    client.post(reverse("account_reset_password"), {"email": email})
    send_due_notices()
    return re.search(r"/account/password/reset/key/\S+", mail.outbox[-1].body).group()


def open_link(link):
    """Follow a link of a mail as a new browser; return the browser and its page."""
    browser = PortalClient()
    return browser, browser.get(link, follow=True)


FRESH = {"password1": "another long passphrase", "password2": "another long passphrase"}


def test_a_reset_link_works_once(client, ung):
    link = reset_link(client, ung.email)
    browser, page = open_link(link)
    browser.post(page.redirect_chain[-1][0], FRESH)

    _browser, again = open_link(link)

    assert again.context["token_fail"]


@pytest.mark.parametrize("event", ["new password", "new email", "an hour later"])
def test_a_reset_link_is_worth_nothing_after(event, client, ung):
    link = reset_link(client, ung.email)
    if event == "new password":
        ung.user.set_password("something else entirely")
        ung.user.save()
    elif event == "new email":
        ung.user.email = "moi@example.com"
        ung.user.save()

    hours = 1 if event == "an hour later" else 0
    with time_machine.travel(timezone.localtime() + timedelta(hours=hours, seconds=1)):
        _browser, page = open_link(link)

    assert page.context["token_fail"]


def test_signing_out_everywhere_else_is_offered_where_somebody_is_signed_in_elsewhere(client, ung):
    sign_in(client, ung.user)
    assert "Sign out everywhere else" not in devices(client)

    sign_in(PortalClient(), ung.user)
    assert "Sign out everywhere else" in devices(client)


def devices(client):
    return client.get(reverse("usersessions_list"), headers={"accept-language": "en"}).text
