"""What the settings say about the promises."""

import pytest

from accounts.details import put_declared
from common.encryption.keyring import KeyRing
from incidents.models import UnauthorisedUse
from policies.loading import load_profile
from tests.answers import answer_of
from tests.factories import make_complaint, make_customer
from tests.hosting.conftest import make_service
from tests.incidents.test_services import report

pytestmark = pytest.mark.django_db


def test_cg_12_no_page_may_load_from_elsewhere():
    load_profile("clever_group")

    assert answer_of("CG-12") == ("not_measured", None, "")


def test_cg_12_is_broken_by_a_source_that_is_not_our_own(settings):
    load_profile("clever_group")
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**directives, "script-src": ["https://tracker.example"]}
    }

    assert answer_of("CG-12") == ("broken", 1, "hosts")


def test_cg_12_is_broken_where_no_content_policy_is_sent(settings):
    load_profile("clever_group")
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("csp.")]

    assert answer_of("CG-12")[0] == "broken"


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://privacy.example.vn", "broken"),
        ("https://privacy.example.vn", "not_measured"),
        ("http://localhost:8000", "not_measured"),
    ],
)
def test_vs_17_is_broken_without_https_and_never_called_kept(origin, status, settings):
    load_profile("vietnam_server")
    settings.SITE_ORIGIN, settings.IS_HTTPS = origin, origin.startswith("https")

    assert answer_of("VS-17")[0] == status


@pytest.mark.parametrize(
    ("profile", "code"), [("clever_group", "CG-11"), ("fpt_smart_cloud", "FPT-5")]
)
def test_cg_11_and_fpt_5_are_broken_by_what_no_key_opens(profile, code, settings):
    load_profile(profile)
    make_customer()
    assert answer_of(code) == ("not_measured", None, "")

    old = settings.ENCRYPTION_KEYS.keys
    settings.ENCRYPTION_KEYS = KeyRing({"new": bytes(range(32)), **old})
    make_customer()
    assert answer_of(code) == ("at_risk", 2, "sealed")  # a row and its history

    settings.ENCRYPTION_KEYS = KeyRing({"new": bytes(range(32))})
    assert answer_of(code) == ("broken", 2, "sealed")


def test_vs_17_is_broken_where_staff_need_no_second_factor(settings):
    load_profile("vietnam_server")
    settings.SITE_ORIGIN, settings.IS_HTTPS = "https://privacy.example.vn", True
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "SecondFactor" not in name]

    assert answer_of("VS-17")[0] == "broken"


@pytest.mark.parametrize(
    "write",
    [
        lambda text: make_customer(address=text),
        lambda text: make_complaint(text=text),
        lambda text: make_service(make_customer(), description=text),
        lambda text: make_service(make_customer(), label=text),
        lambda text: UnauthorisedUse.objects.filter(pk=report(make_customer()).pk).update(
            text=text
        ),
        lambda text: put_declared(make_customer(), {"organisation": text}, by=None),
    ],
    ids=["customer", "complaint", "hosting", "label", "report", "declared"],
)
def test_spm_9_is_broken_by_a_card_number_that_was_stored(write):
    load_profile("clever_group")
    load_profile("spm_group")
    write("Thẻ ••••, gọi 0912 345 678.")
    assert answer_of("SPM-9") == ("not_measured", None, "")

    write("Thẻ 4111 1111 1111 1111.")
    assert answer_of("SPM-9") == ("broken", 1, "texts")
