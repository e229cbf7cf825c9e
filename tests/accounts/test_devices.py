"""Known devices: the mail about a new one, what is kept, and how it goes."""

import re
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts.consents import decide_consent
from accounts.models import KnownDevice, User
from accounts.sessions import count_devices
from accounts.user_agents import device_name
from notices.models import Notice
from notices.services import send_due_notices
from policies.loading import load_profile
from policies.models import Promise, Purpose, RetentionRule
from policies.periods import HELD_BESIDE
from policies.promises import control_named
from privacyportal.roles import COMPLAINT_OFFICER
from retention.sweeps import sweep
from tests.answers import answer_of
from tests.clients import PortalClient, code_of, set_up_app
from tests.factories import PASSWORD, approve, make_customer, make_hold, make_staff

pytestmark = pytest.mark.django_db

LOGIN, LIST = "/account/login/", "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1"


def make_ung(**kwargs):
    customer = make_customer(**kwargs)
    with_address(customer.user)
    long_ago = timezone.now() - timedelta(days=90)
    User.objects.filter(pk=customer.user.pk).update(date_joined=long_ago)
    return customer


def with_address(user):
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def ung():
    return make_ung()


def sign_in(user, agent=FIREFOX, client=None, **data):
    client = client or PortalClient()
    client.post(
        LOGIN,
        {"login": user.email, "password": PASSWORD, **data},
        headers={"user-agent": agent, "accept-language": "vi-VN,vi;q=0.9"},
    )
    return client


def mails():
    told = Notice.objects.filter(template="new_device").order_by("pk")
    return list(told.values_list("recipient", flat=True))


def test_a_sign_in_from_a_new_device_is_told_once(ung):
    client = sign_in(ung.user)
    assert mails() == [ung.public_id]
    client.post(reverse("account_logout"))

    sign_in(ung.user, client=client)

    assert mails() == [ung.public_id]
    assert KnownDevice.objects.count() == 1


def test_the_mail_names_the_device_and_leads_to_the_report(ung):
    sign_in(ung.user, IPHONE)
    send_due_notices()

    body = mail.outbox[-1].body
    assert "Safari, iPhone" in body
    assert f"http://testserver{reverse('report_use')}" in body


def test_the_first_device_after_sign_up_is_no_news_but_the_second_is():
    customer = make_customer()
    with_address(customer.user)

    sign_in(customer.user)
    assert mails() == []
    sign_in(customer.user, IPHONE)
    assert mails() == [customer.public_id]


def test_a_wrong_password_tells_and_keeps_nothing(ung):
    client = PortalClient()
    client.post(LOGIN, {"login": ung.user.email, "password": "wrong"})

    assert mails() == []
    assert not KnownDevice.objects.exists()
    assert "device" not in client.cookies


def test_the_cookie_is_random_and_only_its_hash_is_stored(ung):
    one, two = sign_in(ung.user), sign_in(ung.user)

    cookies = [client.cookies["device"] for client in (one, two)]
    assert cookies[0].value != cookies[1].value
    assert all(len(cookie.value) == 32 and cookie["httponly"] for cookie in cookies)
    stored = " ".join(str(row) for row in KnownDevice.objects.values())
    assert not any(cookie.value in stored for cookie in cookies)


@pytest.mark.parametrize("cookie", ["x", "0" * 31, "Z" * 32, "'; --"])
def test_a_made_up_cookie_is_no_known_device(cookie, ung):
    client = PortalClient()
    client.cookies["device"] = cookie

    sign_in(ung.user, client=client)

    assert client.cookies["device"].value != cookie
    assert mails() == [ung.public_id]


def test_a_device_that_others_share_is_new_to_each_of_them(ung):
    other = make_ung()
    client = sign_in(ung.user)
    client.post(reverse("account_logout"))

    sign_in(other.user, client=client)

    assert mails() == [ung.public_id, other.public_id]


def test_staff_are_told_too():
    officer = with_address(make_staff(COMPLAINT_OFFICER))
    User.objects.update(date_joined=timezone.now() - timedelta(days=90))
    app = set_up_app(officer)
    client = sign_in(officer)
    assert mails() == []

    client.post(reverse("mfa_authenticate"), {"code": code_of(app)})

    assert mails() == [officer.public_id]


def agree_to_devices(customer):
    purpose = Purpose.objects.asking_consent().get(data_categories__contains=["device"])
    decide_consent(customer, purpose, decision="given", by=customer.user)


def test_cg_2_screen_and_language_are_kept_with_consent_alone():
    load_profile("clever_group")
    ung, other = make_ung(), make_ung()
    assert 'name="screen"' in PortalClient().get(LOGIN).text
    agree_to_devices(other)

    for customer in (ung, other):
        sign_in(customer.user, screen="1360x768")

    kept = KnownDevice.objects.order_by("pk").values_list("browser", "screen", "language")
    assert list(kept) == [("Firefox", "", ""), ("Firefox", "1360x768", "vi-VN")]


def test_where_nobody_is_asked_to_agree_nobody_is_asked_for_the_screen(ung):
    assert "screen" not in PortalClient().get(LOGIN).text
    sign_in(ung.user, screen="1360x768")

    assert KnownDevice.objects.get().screen == ""


@pytest.mark.parametrize("screen", ["", "1x1", "<b>", "123456x7", "1360x768; DROP"])
def test_a_screen_that_is_none_is_not_kept(screen):
    load_profile("clever_group")
    ung = make_ung()
    agree_to_devices(ung)

    sign_in(ung.user, screen=screen)

    assert KnownDevice.objects.get().screen == ""


def test_a_customer_erases_a_device_and_it_is_new_again(ung):
    client, other = sign_in(ung.user), make_ung()
    sign_in(other.user)
    theirs = KnownDevice.objects.get(user=other.user)
    mine = KnownDevice.objects.get(user=ung.user)
    assert mine.public_id in client.get(LIST).text
    assert theirs.public_id not in client.get(LIST).text

    client.confirm(ung.user)
    for device in (theirs, mine):
        client.post(reverse("forget_device"), {"device": device.public_id})

    assert list(KnownDevice.objects.all()) == [theirs]
    client.post(reverse("account_logout"))
    sign_in(ung.user, client=client)
    assert mails().count(ung.public_id) == 2


@pytest.mark.parametrize("name", ["", "0" * 32, "a\0b"])
def test_what_names_no_device_erases_none(name, ung):
    client = sign_in(ung.user)
    client.confirm(ung.user)

    answer = client.post(reverse("forget_device"), {"device": name})

    assert answer.url == LIST
    assert KnownDevice.objects.count() == 1


def test_long_lists_are_paged(ung):
    client = sign_in(ung.user)
    for number in range(30):
        KnownDevice.objects.create(
            user=ung.user, cookie_hash=f"{number:064}", browser=f"Trình duyệt {number:02}"
        )
        session = Session.objects.create(
            session_key=f"{number:032}", expire_date=timezone.now() + timedelta(hours=1)
        )
        UserSession.objects.create(
            user=ung.user, session_key=session.pk, ip=f"10.0.0.{number}", user_agent=""
        )

    first, second = (client.get(f"{LIST}?page={number}") for number in (1, 2))

    assert ['rel="next"' in page.text for page in (first, second)] == [True, False]
    for name in ("sessions", "devices"):
        assert [len(page.context[name]) for page in (first, second)] == [25, 6]


def test_nothing_is_erased_under_a_legal_hold(ung):
    client = sign_in(ung.user)
    client.confirm(ung.user)
    make_hold(ung)

    device = KnownDevice.objects.get()
    client.post(reverse("forget_device"), {"device": device.public_id})

    assert KnownDevice.objects.exists()


def is_in(client):
    return "login" not in client.get(reverse("data")).get("Location", "")


def test_one_device_all_others_or_all_are_signed_out(ung):
    here, there, elsewhere = (sign_in(ung.user) for _ in range(3))
    handles = {s["handle"] for s in here.get(LIST).context["sessions"] if not s["is_current"]}
    (of_there,) = {s["handle"] for s in there.get(LIST).context["sessions"] if s["is_current"]}
    assert of_there in handles

    here.post(reverse("sign_out_device"), {"which": of_there})
    assert [is_in(client) for client in (here, there, elsewhere)] == [True, False, True]
    here.post(reverse("sign_out_device"), {"which": "others"})
    assert [is_in(client) for client in (here, there, elsewhere)] == [True, False, False]
    here.post(reverse("sign_out_device"), {"which": "all"})
    assert not is_in(here)


def test_signing_out_everywhere_ends_here_too_and_clears_the_browser(ung):
    client = sign_in(ung.user)

    for minutes in (0, 2):  # a session notes its use once a minute
        with time_machine.travel(timezone.localtime() + timedelta(minutes=minutes)):
            answer = client.post(reverse("sign_out_device"), {"which": "all"})
        assert (answer.status_code, answer.url) == (302, LOGIN)
        assert answer["Clear-Site-Data"] == '"cache", "storage"'
        sign_in(ung.user, client=client)


def shown(client):
    return [session["is_current"] for session in client.get(LIST).context["sessions"]]


@pytest.mark.parametrize("event", ["sign-out", "new password", "idle"])
def test_a_device_that_is_not_signed_in_any_more_is_not_shown(event, ung):
    there = sign_in(ung.user)
    with time_machine.travel(timezone.localtime() + timedelta(minutes=29)):
        here = sign_in(ung.user)
        assert shown(here) == [True, False]
    new = {"oldpassword": PASSWORD, "password1": "another one", "password2": "another one"}

    with time_machine.travel(timezone.localtime() + timedelta(minutes=29 + (event == "idle"))):
        if event == "sign-out":
            there.post(reverse("account_logout"))
        elif event == "new password":
            here.post(reverse("account_change_password"), new)

        assert shown(here) == [True]
        assert count_devices(ung.user) == 1
        assert not is_in(there)


def test_a_reset_password_leaves_no_session_of_before(ung):
    sign_in(ung.user)
    client = PortalClient()
    client.post(reverse("account_reset_password"), {"email": ung.email})
    send_due_notices()
    link = re.search(r"/account/password/reset/key/\S+", mail.outbox[-1].body).group()
    form = client.get(link, follow=True).redirect_chain[-1][0]

    client.post(form, {"password1": "another one", "password2": "another one"})

    assert User.objects.get(pk=ung.user.pk).check_password("another one")
    assert not UserSession.objects.filter(user=ung.user).exists()


@pytest.mark.parametrize("which", ["", "1", "0" * 32, "\0"])
def test_nobody_signs_others_out(which, ung):
    victim, client = sign_in(make_ung().user), sign_in(ung.user)

    client.post(reverse("sign_out_device"), {"which": which})
    (theirs,) = {s["handle"] for s in victim.get(LIST).context["sessions"]}
    client.post(reverse("sign_out_device"), {"which": theirs})

    assert is_in(victim)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_no_more_for_more_devices(rows, ung, django_assert_num_queries):
    client = [sign_in(ung.user) for _ in range(rows)][-1]
    client.get(LIST)

    with django_assert_num_queries(7):
        client.get(LIST)


def test_a_device_is_forgotten_twelve_months_after_its_last_sign_in(ung):
    load_profile("fpt_smart_cloud")
    for days in (300, 400):
        seen = timezone.now() - timedelta(days=days)
        KnownDevice.objects.create(user=ung.user, cookie_hash=f"{days:064}", last_seen_at=seen)
    assert answer_of("FPT-10")[0] == "not_measured"

    approve(RetentionRule.objects.get(category="device", trigger="last_activity"))
    sweep()

    assert KnownDevice.objects.get().cookie_hash == f"{300:064}"


def test_cg_2_is_broken_by_a_device_that_is_kept_too_long():
    load_profile("clever_group")
    ung = make_ung()
    assert answer_of("CG-2")[0] == "not_measured"

    seen = timezone.now() - timedelta(days=800)
    KnownDevice.objects.create(user=ung.user, cookie_hash="0" * 64, last_seen_at=seen)

    assert answer_of("CG-2") == ("at_risk", 1, "devices")  # nobody approved the rule
    approve(RetentionRule.objects.get(category="device", trigger="last_activity", valid_to=None))
    assert answer_of("CG-2") == ("broken", 1, "devices")
    make_hold(ung)
    assert answer_of("CG-2")[0] == "not_measured"

    user = make_customer().user
    KnownDevice.objects.create(user=user, cookie_hash="1" * 64, last_seen_at=seen)
    measure = control_named("device_information").measure(Promise.objects.get(code="CG-2"))
    assert (measure.figure, measure.note) == (1, HELD_BESIDE % {"n": 1})


def test_fpt_10_is_at_risk_when_a_mail_did_not_leave(ung):
    sign_in(ung.user)
    assert answer_of("FPT-10")[0] == "not_measured"

    Notice.objects.filter(template="new_device").update(state="failed")

    assert answer_of("FPT-10") == ("at_risk", 1, "mails")


@pytest.mark.parametrize("name", ["account_login", "account_signup", "report_use"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_fpt_10_each_page_that_asks_for_a_password_shows_the_address(
    name, language, client, settings
):
    settings.SITE_ORIGIN = "https://privacy.example.vn"
    settings.ALLOWED_HOSTS = ["privacy.example.vn"]
    settings.SECURE_SSL_REDIRECT = False
    client.cookies["django_language"] = language

    page = client.get(reverse(name), headers={"host": "privacy.example.vn"}).text

    assert "<strong>https://privacy.example.vn</strong>" in page


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (IPHONE, "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) coc_coc_browser/120 Chrome/114", "Cốc Cốc, Windows"),
        ("Mozilla/5.0 (Android 15) SamsungBrowser/28 Chrome/130", "Samsung Internet, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/18 Safari/605", "Safari, macOS"),
        ("curl/8.5", ""),
        ("", ""),
        ("<script>alert(1)</script>", ""),
    ],
)  # fmt: skip
def test_a_device_is_called_what_people_call_it(agent, name):
    assert device_name(agent) == name
