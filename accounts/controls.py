"""What customers' records, their consents and the accesses to them say about the promises."""

from collections.abc import Collection
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.accuracy import review
from accounts.emergencies import REVIEW_WITHIN
from accounts.erasure import ERASABLE
from accounts.models import (
    MAILING,
    AssistedChange,
    Customer,
    DeclaredValue,
    EmergencyAccess,
    IdentityCheck,
    IdentityCheckResult,
    PhoneVerification,
    PolicyAnnouncement,
)
from accounts.uses import changes_unapproved, uses_for_no_purpose, uses_unapproved
from common.periods import expiry_named
from common.personal_data import RetentionTrigger
from notices.models import Notice, NoticeState, Outcome
from notices.sms import can_send_sms
from policies.counting import local_day, midnight
from policies.models import (
    DeclaredField,
    LegalBasis,
    PolicyVersion,
    Promise,
    Purpose,
    Significance,
    StaffAccessMode,
)
from policies.models.declared_fields import FIXED
from policies.periods import judge_kept, kept_too_long, yesterday
from policies.promise_counting import CountRows
from policies.promises import (
    Asking,
    Measure,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_applicable,
    not_measured,
)

LOOKED_BACK = timedelta(days=30)  # what was before is history, not what happens now
TOLD_WITHIN = timedelta(days=1)
FORGOTTEN_WITHIN = timedelta(days=1)  # accounts.forget_ended_sessions runs each night


@control(
    "required_details",
    needs="required_fields",
    counts=_("Open accounts that lack a required detail"),
)
def required_details(promise: Promise) -> Asking:
    """Count the open accounts without a detail that registration demands.

    At risk, not broken: the customer can still add it. The portal takes no
    orders, so that registration is the only place that asks.
    """
    lacks = reduce(or_, (Q(**{name: ""}) for name in promise.parameters["required_fields"]))
    counts = yield {"lacking": Customer.objects.open().filter(lacks)}
    verdict = at_risk if counts["lacking"] else kept
    return verdict(
        counts["lacking"], Unit.CUSTOMERS, link=admin_list("accounts.customer", account="open")
    )


USES_OUTSIDE_UNSEEN = _("No use in the portal breaks it; uses outside are not checked yet.")


@control(
    "purposes_followed",
    needs="purposes",
    counts=_("Purposes not fully declared, or uses under none of them"),
    missing=USES_OUTSIDE_UNSEEN,
)
def purposes_followed(promise: Promise) -> Asking:
    """Check that the promised purposes are declared in full, and that each use names a purpose.

    A purpose is declared when it is in use, says in both languages what it is
    for and which data it uses, and asks a question of its own where it needs
    consent. A use is an access of the last 30 days. What staff do for
    everybody (answer complaints, delete on time, review accesses) counts as named.
    What other systems do with the data the portal cannot see, so that the
    promise is never shown kept.
    """
    foreign = uses_for_no_purpose(timezone.now() - LOOKED_BACK)
    codes = promise.parameters["purposes"]
    counts = yield {"declared": _declared(codes), "foreign": foreign}
    if undeclared := len(codes) - counts["declared"]:
        return broken(undeclared, Unit.PURPOSES, link=admin_list("policies.purpose"))
    if counts["foreign"]:
        return broken(counts["foreign"], Unit.USES, link=admin_list("access.accessrecord"))
    return not_measured(USES_OUTSIDE_UNSEEN)


def _declared(codes: Collection[str]) -> QuerySet[Purpose]:
    """Narrow to the purposes of these codes that are declared in full."""
    promised = Purpose.objects.filter(code__in=codes)
    asked_alike = promised.exclude(pk=OuterRef("pk")).filter(
        Q(wording_vi=OuterRef("wording_vi")) | Q(wording_en=OuterRef("wording_en")),
        legal_basis=LegalBasis.CONSENT,
    )
    incomplete = Q(description_vi="") | Q(description_en="") | Q(data_categories=[])
    return promised.active().exclude(incomplete).exclude(Exists(asked_alike))


OTHER_TRACES_UNSEEN = _(
    "Whoever only reads here gets no cookie; logs of servers and other sites are not watched."
)


@control(
    "visitor_traces",
    counts=_("Sessions of visitors that are over and still stored"),
    missing=OTHER_TRACES_UNSEEN,
)
def visitor_traces(promise: Promise) -> Asking:
    """Count what is left of visitors who never signed in, a day after their session ended.

    A session begins with what a visitor sends, never with reading. That no page sets a
    cookie is held by a test, and what servers log or other sites do is out of sight, so
    that the promise is never shown kept.
    """
    signed_in = UserSession.objects.filter(session_key=OuterRef("session_key"))
    over = Session.objects.filter(expire_date__lt=timezone.now() - FORGOTTEN_WITHIN)
    counts = yield {"left": over.filter(~Exists(signed_in))}
    if counts["left"]:
        return broken(counts["left"], Unit.SESSIONS, link=admin_list("common.jobstatus"))
    return not_measured(OTHER_TRACES_UNSEEN)


REQUESTS_UNSEEN = _("Each change on request had its identity check; other requests go unseen.")


@control(
    "assisted_requests",
    counts=_("Customers whose data staff changed although it was not proved who asked"),
    missing=REQUESTS_UNSEEN,
)
def assisted_requests(promise: Promise) -> Asking:
    """Find what staff changed on request although the identity check had failed.

    One breaks the promise. None does not prove it kept: a request that nobody
    recorded, or that was refused without reason, leaves no trace here.
    """
    doubtful = IdentityCheck.objects.exclude(result=IdentityCheckResult.PROVED)
    changed = AssistedChange.objects.filter(identity_check__in=doubtful)
    counts = yield {"changed": Customer.objects.filter(pk__in=changed.values("customer"))}
    if counts["changed"]:
        return broken(counts["changed"], Unit.CUSTOMERS)
    return not_measured(REQUESTS_UNSEEN)


@control("changes_announced", counts=_("Significant versions or mails that failed to go out"))
def changes_announced(promise: Promise) -> Measure:
    """Check that the mails about each significant version left within a day, all of them.

    Once another significant version is in effect, nobody is told of the one before. Where its
    mails were due by then, the promise was broken, and stays so for 30 days; where the other
    was in effect within the day, nothing was due. The date of the latest update stands on the
    policy's page by construction.
    """
    published = PolicyVersion.objects.of_company()
    earlier = published.filter(effective_on__lt=OuterRef("effective_on"))
    told = PolicyAnnouncement.objects.filter(version=OuterRef("pk"), finished_at__isnull=False)
    mailing = Concat(Value(MAILING), Cast(OuterRef("pk"), CharField()))
    mails = Notice.objects.filter(mailing=mailing).exclude(mailing="")  # so that its index serves
    later = PolicyVersion.objects.after(OuterRef("profile"), OuterRef("effective_on"))
    significant = {"significance": Significance.SIGNIFICANT}
    versions = published.filter(Exists(earlier), **significant).annotate(
        superseded_on=Subquery(later.filter(**significant)[:1]),
        is_told=Exists(told),
        failed=CountRows(mails.filter(outcome=Outcome.FAILED).order_by().values("pk")),
        waiting=CountRows(mails.filter(outcome=Outcome.QUEUED).order_by().values("pk")),
    )
    return _judge_announcements(list(versions))


def _judge_announcements(versions: list[Any]) -> Measure:
    """Judge versions that know when they were ``superseded_on`` by a significant one, whether
    ``is_told``, and how many mails ``failed`` or are ``waiting``.
    """
    link = admin_list("policies.policyversion")
    now = timezone.now()
    under_way = [
        version for version in versions if version.waiting or _is_missing(version, local_day(now))
    ]
    if late := sum(version.published_at < now - TOLD_WITHIN for version in under_way):
        return broken(late, Unit.VERSIONS, link=link)
    if under_way:
        return at_risk(len(under_way), Unit.VERSIONS, link=link)
    if failed := sum(version.failed for version in versions):
        mails = admin_list("notices.notice", state__exact="failed")
        return at_risk(failed, Unit.MAILS, link=mails)
    return kept(0, Unit.VERSIONS, link=link)


def _is_missing(version: Any, today: date) -> bool:
    """Tell whether people wait to be told of a version, or lately did so in vain."""
    superseded_on = version.superseded_on
    if version.is_told or superseded_on is None or superseded_on > today:
        return not version.is_told
    was_due: bool = version.published_at + TOLD_WITHIN <= midnight(superseded_on)
    return was_due and superseded_on > today - LOOKED_BACK


ASKED_IN_VAIN = timedelta(days=30)  # then the customer has had time to answer


@control(
    "accuracy_declaration",
    needs="accuracy_months",
    counts=_("Customers who are to confirm their details and have not"),
)
def accuracy_declaration(promise: Promise) -> Asking:
    """Count who has declared nothing since the company's interval began, among who can sign in.

    Broken when somebody should have been asked two days ago and was not. At risk
    while people were asked and have not answered for a month.
    """
    link = admin_list("accounts.customer", account="open")
    months, now = promise.parameters["accuracy_months"], timezone.now()
    forgotten = review(months=months, at=now - 2 * TOLD_WITHIN).unasked()
    silent = review(months=months).due().filter(accuracy_asked_at__lt=now - ASKED_IN_VAIN)
    counts = yield {"forgotten": forgotten, "silent": silent}
    if counts["forgotten"]:
        return broken(counts["forgotten"], Unit.CUSTOMERS, link=link)
    verdict = at_risk if counts["silent"] else kept
    return verdict(counts["silent"], Unit.CUSTOMERS, link=link)


@control(
    "declared_details",
    counts=_("Customers who saved their details lately without one that the company requires"),
)
def declared_details(promise: Promise) -> Asking:
    """Check that whoever saved their details in the last 30 days declared what forms demand.

    All that customers declared stands on their page, to correct and to erase, by construction.
    """
    required = DeclaredField.objects.active().filter(is_required=True)
    lacks = Exists(
        required.exclude(
            pk__in=DeclaredValue.objects.filter(customer=OuterRef(OuterRef("pk"))).values("field")
        )
    )
    lately = Customer.objects.open().filter(declared_at__gte=timezone.now() - LOOKED_BACK)
    counts = yield {"lacking": lately.filter(lacks)}
    verdict = at_risk if counts["lacking"] else kept
    return verdict(
        counts["lacking"], Unit.CUSTOMERS, link=admin_list("accounts.customer", account="open")
    )


@control(
    "field_erasure",
    needs="required_fields",
    counts=_("Details that stay although the company does not require them"),
)
def field_erasure(promise: Promise) -> Measure:
    """Compare what customers cannot erase with what the company says it requires."""
    required = promise.parameters["required_fields"]
    stay = [name for name in FIXED if name not in required and name not in ERASABLE]
    verdict = broken if stay else kept
    return verdict(len(stay), Unit.FACTS, link=admin_list("policies.company"))


ELSEWHERE_UNSEEN = _(
    "The address is shown where passwords are asked, and new devices are told; where else people"
    " type their password, nobody can see."
)


@control(
    "sign_in_notice",
    counts=_("Mails about a new device that did not leave within a day"),
    missing=ELSEWHERE_UNSEEN,
)
def sign_in_notice(promise: Promise) -> Asking:
    """Count the mails about sign-ins from a new device, of 30 days, that have not left.

    The sign-in shows the official address by construction; a test holds it so. What people
    type elsewhere is out of sight, so that the promise is never shown kept.
    """
    now = timezone.now()
    mails = Notice.objects.filter(template="new_device", queued_at__gte=now - LOOKED_BACK)
    late = mails.filter(state=NoticeState.QUEUED, queued_at__lt=now - TOLD_WITHIN)
    counts = yield {"failed": mails.filter(state=NoticeState.FAILED), "late": late}
    if left := sum(counts.values()):
        return at_risk(left, Unit.MAILS, link=admin_list("notices.notice"))
    return not_measured(ELSEWHERE_UNSEEN)


OTHER_SITES_UNWATCHED = _(
    "Devices are shown, erasable and forgotten in time here; other sites are not watched."
)


@control(
    "device_information",
    counts=_("Devices kept for longer than promised"),
    missing=OTHER_SITES_UNWATCHED,
)
def device_information(promise: Promise) -> Asking:
    """Count the devices kept for longer than their rule says; what else is out of sight."""
    devices = expiry_named(f"devices_{RetentionTrigger.LAST_ACTIVITY}")
    counts = yield kept_too_long(devices, yesterday())
    link = admin_list("retention.purgerun")
    return judge_kept(counts, Unit.DEVICES, link) or not_measured(OTHER_SITES_UNWATCHED)


OLDER_NUMBERS_UNSEEN = _(
    "All new numbers are confirmed by a code; those given or changed earlier are not counted."
)
NO_SMS = _("No service for text messages is set, so that no number can be confirmed.")


@control(
    "phone_verification",
    needs="required_fields",
    counts=_("Accounts of the last 30 days whose phone number was never confirmed"),
    missing=OLDER_NUMBERS_UNSEEN,
)
def phone_verification(promise: Promise) -> Asking:
    """Count the accounts opened lately with a number that nobody confirmed since.

    At risk, not broken: the customer can still confirm it, and keeps every right without.
    """
    if not can_send_sms():
        return not_measured(NO_SMS)
    opened = Customer.objects.open().filter(opened_at__gte=timezone.now() - LOOKED_BACK)
    proofs = PhoneVerification.objects.filter(customer=OuterRef("pk"), verified_at__isnull=False)
    # Counted for each of the few by its index; an anti join would read every proof there is.
    unproved = opened.exclude(phone="").alias(proofs=CountRows(proofs.values("pk")))
    counts = yield {"unproved": unproved.filter(proofs=0)}
    if counts["unproved"]:
        link = admin_list("accounts.customer", account="open")
        return at_risk(counts["unproved"], Unit.CUSTOMERS, link=link)
    return not_measured(OLDER_NUMBERS_UNSEEN)


NOT_ASKED_FIRST = _("The company does not promise to ask its customers first.")


@control(
    "customer_approval",
    needs="staff_access_mode",
    counts=_("Looks and changes without approval, or emergencies not told or reviewed in time"),
)
def customer_approval(promise: Promise) -> Asking:
    """Count what staff saw or changed of the last 30 days without the customer's approval.

    A confirmed emergency stands for the approval of a look; broken too where its customer should
    have been told two days ago and was not. At risk while one waits for its review for long. What
    customers sent to be handled, their complaints and evidence, asks for no approval.
    """
    if promise.parameters["staff_access_mode"] != StaffAccessMode.APPROVAL:
        return not_applicable(NOT_ASKED_FIRST)
    now = timezone.now()
    since, emergencies = now - LOOKED_BACK, EmergencyAccess.objects.all()
    untold = emergencies.to_be_told(local_day(now - TOLD_WITHIN))
    counts = yield {
        "seen": uses_unapproved(since),
        "changed": changes_unapproved(since),
        "untold": untold.filter(confirmed_at__lt=now - 2 * TOLD_WITHIN),
        "unreviewed": emergencies.unreviewed().filter(ends_at__lt=now - REVIEW_WITHIN),
    }
    if uses := counts["seen"] + counts["changed"]:
        return broken(uses, Unit.USES, link=admin_list("access.accessrecord"))
    link = admin_list("accounts.emergencyaccess", state="untold")
    if counts["untold"]:
        return broken(counts["untold"], Unit.CUSTOMERS, link=link)
    link = admin_list("accounts.emergencyaccess", state="unreviewed")
    verdict = at_risk if counts["unreviewed"] else kept
    return verdict(counts["unreviewed"], Unit.USES, link=link)
