from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.acceptance import accept_policy, accepted_by, record_shown, version_to_accept
from accounts.announcements import announce_policies
from accounts.closing import close_account
from accounts.exceptions import AccountClosed, NoSuchPolicy
from accounts.http import for_customer
from accounts.models import Consent, Customer, PolicyEvent, PolicyEventKind
from notices.models import Notice
from policies.models import PolicyVersion, Significance
from tests.factories import make_customer, make_policy_draft, make_policy_version
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def text_of(version, language="vi"):
    return version.texts.get(language=language)


def make_reader():
    """A customer who accepted the version in effect."""
    customer = make_customer()
    accept_policy(customer, text_of(PolicyVersion.objects.current()))
    return customer


def events(customer):
    return list(customer.policy_events.values_list("kind", "text__version__number"))


def test_nobody_is_asked_again_about_what_they_accepted():
    assert version_to_accept(make_reader()) is None


def test_a_significant_version_to_come_is_asked_about():
    customer = make_reader()
    version = make_policy_version("2", effective_in_days=60)

    assert version_to_accept(customer) == version


def test_a_minor_version_is_not_asked_about():
    customer = make_reader()
    make_policy_version("2", effective_in_days=60, significance=Significance.MINOR)

    assert version_to_accept(customer) is None


def test_who_is_behind_is_asked_about_the_newest_version_also_if_minor():
    customer = make_reader()
    make_policy_version("2", effective_in_days=60)
    newest = make_policy_version("3", effective_in_days=70, significance=Significance.MINOR)

    assert version_to_accept(customer) == newest
    accept_policy(customer, text_of(newest))
    assert version_to_accept(customer) is None


def test_a_draft_is_not_asked_about():
    customer = make_reader()
    make_policy_draft("2")

    assert version_to_accept(customer) is None


def test_accepting_is_noted_once_and_is_no_consent():
    customer = make_reader()
    version = make_policy_version("2", effective_in_days=60)
    first = PolicyVersion.objects.current().number

    for _ in range(2):
        accept_policy(customer, text_of(version, "en"))

    assert events(customer) == [("accepted", first), ("accepted", "2")]
    assert customer.policy_events.last().text.language == "en"
    assert not Consent.objects.exists()


@pytest.mark.parametrize("kind", ["older", "draft"])
def test_only_the_version_that_is_asked_about_is_accepted(kind):
    customer = make_customer()
    make_policy_version("2", effective_in_days=60)
    other = PolicyVersion.objects.current() if kind == "older" else make_policy_draft("3")

    with pytest.raises(NoSuchPolicy):
        accept_policy(customer, text_of(other))

    assert not PolicyEvent.objects.exists()


def test_what_was_shown_counts_the_mail_as_seen_and_accepts_nothing():
    customer, other = make_reader(), make_reader()
    version = make_policy_version("2", effective_in_days=60)
    announce_policies()

    for _ in range(2):
        record_shown(customer, text_of(version))

    assert customer.policy_events.filter(kind=PolicyEventKind.SHOWN).count() == 1
    assert version_to_accept(customer) == version
    seen = dict(Notice.objects.values_list("recipient", "outcome"))
    assert seen == {customer.public_id: "seen", other.public_id: "queued"}


def test_what_is_shown_without_a_mail_is_noted_too():
    customer = make_customer()

    record_shown(customer, text_of(PolicyVersion.objects.current()))

    assert [kind for kind, _number in events(customer)] == ["shown"]


def test_a_closed_account_accepts_and_reads_nothing():
    customer = make_customer()
    text = text_of(PolicyVersion.objects.current())
    read_before = Customer.objects.get(pk=customer.pk)
    close_account(customer, by=customer.user)

    for step in (accept_policy, record_shown):
        with pytest.raises(AccountClosed):
            step(read_before, text)

    assert events(customer) == []


@for_customer
def close_and_show(request):
    """A page, and the account closed in another tab while it is made."""
    close_account(Customer.objects.get(pk=request.customer.pk), by=request.user)
    record_shown(request.customer, text_of(PolicyVersion.objects.current()))


def test_an_account_that_is_closed_while_a_page_is_made_leads_home(rf):
    request = rf.get("/")
    request.user, request.session = make_customer().user, {}

    assert close_and_show(request).url == reverse("home")


def test_what_somebody_had_accepted_by_a_day():
    customer = make_reader()
    today = timezone.localdate()

    assert accepted_by(customer, today) == customer.policy_events.get()
    assert accepted_by(customer, today - timedelta(days=1)) is None


@pytest.mark.usefixtures("portal")
class TestTwoClicksAtOnce:
    def test_accept_once(self):
        customer = make_customer()
        text = text_of(PolicyVersion.objects.current())

        def accept():
            accept_policy(type(customer).objects.get(pk=customer.pk), text)

        assert at_once(accept, accept, accept) == [None] * 3

        assert customer.policy_events.count() == 1
