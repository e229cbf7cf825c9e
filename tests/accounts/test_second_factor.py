"""The second factor: nothing opens before it, and nothing goes around it."""

import re
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import encrypt
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse

from accounts.models import User
from common.encryption.keyring import KeyRing
from notices.models import Notice
from notices.services import send_due_notices
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.clients import PortalClient, code_of, set_up_app
from tests.factories import PASSWORD, make_customer, make_staff

pytestmark = pytest.mark.django_db

LOGIN, ASKED, INDEX = "/account/login/", "/account/2fa/authenticate/", "/account/2fa/"


def with_address(user: User) -> User:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def member():
    return with_address(make_staff(COMPLAINT_OFFICER))


@pytest.fixture
def ung():
    """A customer who has set up an app."""
    customer = make_customer(full_name="Nguyễn Văn Ưng")
    with_address(customer.user)
    customer.app = set_up_app(customer.user)
    return customer


def sign_in(client, user, password=PASSWORD):
    return client.post(LOGIN, {"login": user.email, "password": password})


def show(client, code):
    return client.post(ASKED, {"code": code})


def lost(member):
    return reverse("admin:accounts_user_lost_second_factor", args=[member.pk])


def recovery_codes(user):
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def is_in(client):
    return not client.get(reverse("data")).get("Location", "").startswith(LOGIN)


def admin_addresses():
    """Return an address for every page of the desk, also for those about one row."""
    found = set()
    for pattern in routes(admin.site.get_urls()):
        path = re.sub(r"<[^>]*>", "1", str(pattern.pattern))
        found.add("/admin/" + path.removesuffix("(?P<url>.*)$"))
    return found


def routes(patterns, prefix=""):
    for each in patterns:
        if isinstance(each, URLPattern):
            each.pattern._route = prefix + str(each.pattern)
            yield each
        else:
            yield from routes(each.url_patterns, prefix + str(each.pattern))


def test_no_page_of_the_desk_opens_to_staff_without_a_second_factor(client, member):
    member.groups.set(Group.objects.all())
    client.force_login(member, passed=False)

    pages = admin_addresses()
    assert len(pages) > 100
    for method in (client.get, client.post):
        answers = {page: method(page) for page in pages - {"/admin/login/"}}
        assert {
            (page, answer.status_code, answer.get("Location"))
            for page, answer in answers.items()
            if (answer.status_code, answer.get("Location")) != (302, INDEX)
        } == set()


def test_all_that_asks_for_a_sign_in_is_closed_to_staff_without_a_second_factor(client, member):
    client.force_login(member, passed=False)
    open_names = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn"}
    open_names |= {"account_reauthenticate", "account_email_verification_sent"}

    reached = set()
    for pattern in get_resolver().url_patterns:
        for each in routes([pattern]) if isinstance(pattern, URLPattern) else []:
            reached |= opened(client, each.name)
        if not isinstance(pattern, URLPattern) and pattern.namespace != "admin":
            for each in routes(pattern.url_patterns):
                reached |= opened(client, each.name)

    assert reached <= open_names


def opened(client, name):
    """Return the name if it is for signed-in people and its page does not lead away."""
    try:
        address = reverse(name)
    except NoReverseMatch:
        return set()
    asks = "login" in PortalClient().get(address).get("Location", "")
    answer = client.get(address)
    led_away = answer.status_code == 302 and answer["Location"] in (INDEX, "/admin/")
    return {name} if asks and not led_away else set()


def test_a_member_of_staff_shows_the_factor_before_the_desk_opens(client, member):
    app = set_up_app(member)

    assert sign_in(client, member).url == ASKED
    assert client.get("/admin/").url.startswith("/admin/login/")
    assert show(client, "000000").context["form"].errors
    assert show(client, code_of(app)).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_session_from_before_the_factor_cannot_add_another(client, member):
    client.force_login(member, passed=False)
    app = set_up_app(member)
    client.note({"method": "password", "reauthenticated": True}, member)

    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes"):
        assert client.get(reverse(name)).url.startswith("/account/2fa/reauthenticate/")
    showing = client.get("/admin/").url
    assert client.post(showing, {"code": code_of(app)}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_new_member_is_led_to_set_one_up_and_then_gets_in(portal, client, member):
    member.groups.set([Group.objects.get_or_create(name=COMPLAINT_OFFICER)[0]])
    assert sign_in(client, member).url == "/admin/"
    assert client.get("/admin/").url == INDEX
    assert reverse("mfa_activate_totp") in client.get(INDEX).text

    asked = client.get(reverse("mfa_activate_totp")).url
    client.post(asked, {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    app = Authenticator(type="totp", data={"secret": encrypt(secret)})
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(app)})

    assert done.url == reverse("mfa_view_recovery_codes")
    codes = recovery_codes(member)
    assert all(code in client.get(done.url).text for code in codes)
    assert client.get("/admin/").status_code == 200
    stored = Authenticator.objects.get(user=member, type="totp").data["secret"]
    assert stored.startswith("v1.")
    assert secret not in stored


def test_a_member_of_staff_does_not_remove_the_last_one(client, member):
    set_up_app(member)
    client.force_login(member)
    client.note({"method": "mfa", "reauthenticated": True}, member)

    answer = client.post(reverse("mfa_deactivate_totp"))

    assert answer.context["form"].errors
    assert Authenticator.objects.filter(user=member, type="totp").exists()


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, DPO, AUDITOR])
def test_only_an_administrator_removes_that_of_another(role, client, member):
    set_up_app(member)
    client.force_login(make_staff(role))

    assert client.post(lost(member)).status_code == 403
    assert Authenticator.objects.filter(user=member).count() == 2


def test_an_administrator_removes_none_of_their_own_or_of_a_superuser(client):
    administrator = make_staff(ADMINISTRATOR)
    root = make_staff(DPO, is_superuser=True)
    client.force_login(administrator)
    for user in (administrator, root):
        set_up_app(user)

        assert client.post(lost(user)).status_code == 403
        assert Authenticator.objects.filter(user=user).count() == 2


def test_whoever_lost_it_begins_with_a_mailed_link_and_the_officers_know(client, member):
    dpo = make_staff(DPO)
    app = set_up_app(member)
    elsewhere = PortalClient()
    sign_in(elsewhere, member)
    show(elsewhere, code_of(app))
    assert elsewhere.get("/admin/").status_code == 200
    client.force_login(make_staff(ADMINISTRATOR))

    client.post(lost(member))

    assert not Authenticator.objects.filter(user=member).exists()
    assert elsewhere.get("/admin/").url.startswith("/admin/login/")
    assert sign_in(elsewhere, member).context["form"].errors
    told = Notice.objects.filter(template="second_factor_removed")
    assert {each.recipient for each in told} == {dpo.public_id, member.public_id}
    send_due_notices()
    link = next(
        found.group()
        for each in mail.outbox
        if (found := re.search(r"/account/password/reset/key/\S+", each.body))
    )
    form = elsewhere.get(link, follow=True)
    fresh = {"password1": "another long passphrase", "password2": "another long passphrase"}
    elsewhere.post(form.redirect_chain[-1][0], fresh)
    assert sign_in(elsewhere, member, fresh["password1"]).url == "/admin/"
    assert elsewhere.get("/admin/").url == INDEX


def test_codes_count_after_the_keys_were_changed(client, ung, settings):
    code = recovery_codes(ung.user)[0]
    settings.ENCRYPTION_KEYS = KeyRing({"new": bytes(32), **settings.ENCRYPTION_KEYS.keys})
    with pytest.raises(CommandError):
        call_command("rotate_keys", "--check", stdout=StringIO(), stderr=StringIO())

    call_command("rotate_keys", stdout=StringIO(), stderr=StringIO())

    call_command("rotate_keys", "--check", stdout=StringIO(), stderr=StringIO())
    settings.ENCRYPTION_KEYS = KeyRing({"new": bytes(32)})
    for shown in (code, code_of(Authenticator.objects.get(pk=ung.app.pk))):
        sign_in(client, ung.user)
        show(client, shown)
        assert is_in(client)
        client.logout()


def test_customers_need_none(client):
    customer = make_customer()
    with_address(customer.user)

    sign_in(client, customer.user)

    assert is_in(client)


def test_skipping_the_page_gives_nothing(client, ung):
    assert sign_in(client, ung.user).url == ASKED

    for page in ("overview", "data", "accesses", "mfa_view_recovery_codes", "admin:index"):
        answer = client.get(reverse(page), follow=True)
        assert answer.redirect_chain[-1][0] == ASKED
        assert ung.full_name not in answer.text


def test_a_code_of_the_app_counts_once(client, ung):
    code = code_of(ung.app)
    sign_in(client, ung.user)
    assert show(client, code).status_code == 302
    other = PortalClient()
    sign_in(other, ung.user)

    for again in (code, f"{code[:3]} {code[3:]}"):
        assert show(other, again).context["form"].errors
    assert not is_in(other)


def test_a_code_of_the_step_before_or_after_counts(ung):
    for steps in (-1, 1):
        browser = PortalClient()
        sign_in(browser, ung.user)
        show(browser, code_of(ung.app, steps=steps))
        assert is_in(browser)


def test_a_recovery_code_lets_in_once(client, ung):
    code = recovery_codes(ung.user)[3]
    sign_in(client, ung.user)
    show(client, code)
    assert is_in(client)
    other = PortalClient()
    sign_in(other, ung.user)

    assert show(other, code).context["form"].errors

    assert not is_in(other)
    assert code not in recovery_codes(ung.user)


def test_guessing_comes_to_an_end(client, ung):
    sign_in(client, ung.user)
    for guess in range(6):
        show(client, f"{guess:06}")

    assert show(client, code_of(ung.app)).context["form"].errors
    assert not is_in(client)


def test_a_reset_password_does_not_pass_it(client, ung):
    client.post(reverse("account_reset_password"), {"email": ung.email})
    send_due_notices()
    link = re.search(r"/account/password/reset/key/\S+", mail.outbox[-1].body).group()
    fresh = {"password1": "another long passphrase", "password2": "another long passphrase"}
    client.post(client.get(link, follow=True).redirect_chain[-1][0], fresh)

    assert not is_in(client)
    assert sign_in(client, ung.user, fresh["password1"]).url == ASKED
    assert not is_in(client)


def test_nobody_else_sees_or_removes_a_key_of_theirs(client, ung):
    key = Authenticator.objects.create(
        user=ung.user, type="webauthn", data={"name": "Khóa bí mật", "credential": {}}
    )
    stranger = make_customer()
    client.force_login(stranger.user)
    client.note({"method": "password", "reauthenticated": True}, stranger.user)

    for name in ("mfa_remove_webauthn", "mfa_edit_webauthn"):
        for answer in (client.get, client.post):
            assert answer(reverse(name, args=[key.pk])).status_code == 404
    assert "Khóa bí mật" not in client.get(reverse("mfa_list_webauthn")).text
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_setting_up_and_showing_codes_asks_for_the_password_again(client, ung):
    client.force_login(ung.user, fresh=False)

    for name in (
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_add_webauthn",
    ):
        assert client.get(reverse(name)).url.startswith("/account/reauthenticate/")


def test_who_holds_recovery_codes_is_told_that_nothing_else_helps(client, ung):
    client.force_login(ung.user)
    client.cookies["django_language"] = "en"

    assert "Without them we cannot let you in" in client.get(INDEX).text
