"""What refusals, newsletters and choices about advertising say about the promises."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Consent, ConsentDecision
from accounts.uses import uses_for_no_purpose, uses_without_consent
from marketing.models import ApiClient, NewsletterIssue, Subscription
from marketing.subscriptions import CONFIRMED_WITHIN
from policies.models import Channel, Promise, Purpose, Recipient
from policies.promises import (
    Asking,
    Measure,
    Text,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_measured,
)

ASKS_WITHIN = timedelta(days=30)  # a system that advertises sends something in that time
FORGOTTEN_WITHIN = timedelta(days=1)  # the job that forgets runs every night

NOBODY_ASKS = _("No system that advertises is registered to ask here; newsletters alone do.")
NO_SYSTEM_ASKS = _("The portal refuses such uses; no other system is registered to ask it.")
REGISTERED_ALONE = _("This speaks of the systems that are registered here; others go unseen.")


@control(
    "marketing_stops",
    counts=_("Consents to marketing that outlived their account, or systems that do not ask"),
)
def marketing_stops(promise: Promise) -> Asking:
    """Find consents that outlived their account, and systems that advertise without asking.

    A consent to marketing that is still given although the account is closed
    breaks the promise. A registered system that has not asked for 30 days puts
    it at risk. It is kept when every registered system asks, and not measured
    while none is registered: the portal's own newsletters ask before each mail.
    """
    later = Consent.objects.filter(
        customer=OuterRef("customer"), purpose=OuterRef("purpose"), pk__gt=OuterRef("pk")
    )
    outlived = Consent.objects.filter(
        ~Exists(later),
        ~Q(purpose__channel=Channel.NONE),
        customer__kept_until__isnull=False,
        decision=ConsentDecision.GIVEN,
    )
    systems = ApiClient.objects.filter(revoked_at=None)
    asking = systems.filter(last_asked_at__gte=timezone.now() - ASKS_WITHIN)
    counts = yield {"outlived": outlived, "systems": systems, "asking": asking}
    if counts["outlived"]:
        link = admin_list("accounts.customer", account="closed")
        return broken(counts["outlived"], Unit.CONSENTS, link=link)
    return _judge_systems(counts, NOBODY_ASKS)


@control(
    "use_gate",
    counts=_("Uses without a purpose or consent, or systems that do not ask"),
)
def use_gate(promise: Promise) -> Asking:
    """Find accesses of the last 30 days that no legal basis allowed, and systems that do not ask.

    An access for no purpose of the register breaks the promise, and one for a purpose to which
    the customer had not consented at that moment. The desk refuses both. Other systems ask the
    portal before a use; one that has not for 30 days puts the promise at risk. It is kept when
    every registered system asks, and not measured while none is registered.
    """
    since = timezone.now() - ASKS_WITHIN
    systems = ApiClient.objects.filter(revoked_at=None)
    counts = yield {
        "foreign": uses_for_no_purpose(since),
        "unconsented": uses_without_consent(since),
        "systems": systems,
        "asking": systems.filter(last_asked_at__gte=since),
    }
    if misused := counts["foreign"] + counts["unconsented"]:
        return broken(misused, Unit.USES, link=admin_list("access.accessrecord"))
    return _judge_systems(counts, NO_SYSTEM_ASKS)


def _judge_systems(counts: dict[str, int], none_asks: Text) -> Measure:
    if not counts["systems"]:
        return not_measured(none_asks)
    link = admin_list("marketing.apiclient")
    if silent := counts["systems"] - counts["asking"]:
        return at_risk(silent, Unit.SYSTEMS, link=link)
    return kept(0, Unit.SYSTEMS, link=link, note=REGISTERED_ALONE)


@control(
    "newsletter",
    needs="newsletter",
    counts=_("Addresses that were not confirmed in time and are still kept"),
)
def newsletter(promise: Promise) -> Asking:
    """Check that anybody can subscribe, and that unconfirmed addresses are forgotten.

    It is broken when the purpose of the newsletter is asked no more: then the
    form is gone. It is at risk when addresses stay that nobody confirmed.
    """
    asked = Purpose.objects.asking_consent().filter(
        code=promise.parameters["newsletter"], channel=Channel.EMAIL
    )
    since = timezone.now() - CONFIRMED_WITHIN - FORGOTTEN_WITHIN
    late = Subscription.objects.unconfirmed().filter(asked_at__lt=since)
    counts = yield {"asked": asked, "late": late}
    if not counts["asked"]:
        return broken(1, Unit.PURPOSES, link=admin_list("policies.purpose"))
    if counts["late"]:
        return at_risk(counts["late"], Unit.SUBSCRIPTIONS, link=admin_list("common.jobstatus"))
    return kept(0, Unit.SUBSCRIPTIONS)


CONTENT_UNSEEN = _(
    "Of each newsletter its sender states that it advertises nobody else;"
    " what other systems send goes unseen."
)


@control(
    "advertising_content",
    counts=_("Advertisers among the recipients, or newsletters that may advertise others"),
    missing=CONTENT_UNSEEN,
)
def advertising_content(promise: Promise) -> Asking:
    """Find recipients of a kind that the company forbids, and newsletters without the word.

    The word is their sender's, that they advertise nobody else. The database refuses both, so
    that one breaks the promise. None does not prove it kept: nothing reads what a newsletter
    says, or sees other systems.
    """
    forbidden = promise.parameters.get("forbidden_recipient_kinds", [])
    counts = yield {
        "unstated": NewsletterIssue.objects.filter(started_at__isnull=False, is_own=False),
        "forbidden": Recipient.objects.active().filter(kind__in=forbidden),
    }
    if counts["forbidden"]:
        link = admin_list("policies.recipient")
        return broken(counts["forbidden"], Unit.RECIPIENTS, link=link)
    if counts["unstated"]:
        link = admin_list("marketing.newsletterissue")
        return broken(counts["unstated"], Unit.NEWSLETTERS, link=link)
    return not_measured(CONTENT_UNSEEN)


NO_SITE_LISTED = _(
    "Everybody can choose on the page “Cookies and advertising”,"
    " but no other site of the company is listed to read the choices."
)
OBEYING_UNSEEN = _(
    "Everybody can choose, and the sites that are listed can read the choices;"
    " whether they obey goes unseen."
)


def _choices_of_visitors(promise: Promise) -> Measure:
    """Tell whether other sites of the company can read what visitors choose.

    The portal itself sets no cookie that could be refused. What the company's
    other sites do with the choices is out of its sight, so that the promise is
    never shown kept.
    """
    return not_measured(OBEYING_UNSEEN if settings.PREFERENCE_ORIGINS else NO_SITE_LISTED)


for _name in ("cookie_settings", "advertising_choices"):
    control(_name, counts="", missing=OBEYING_UNSEEN)(_choices_of_visitors)
