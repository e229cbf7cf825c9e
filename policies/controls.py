"""What the policy's versions, the company and its recipients say about the promises."""

from django.conf import settings
from django.db.models import DateField, Exists, ExpressionWrapper, OuterRef, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from policies.counting import local_day
from policies.models import (
    LOCAL_DAY_OF_PUBLICATION,
    Company,
    Language,
    PolicyText,
    PolicyVersion,
    Promise,
    Recipient,
)
from policies.promises import (
    Asking,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    kept,
    not_applicable,
    not_measured,
)

VERSIONS = "policies.policyversion"
RECIPIENTS = "policies.recipient"


@control("notice_given", counts=_("Versions in effect or to come with too short a notice"))
def notice_given(promise: Promise) -> Asking:
    """Compare each version in effect or to come with the notice that is promised today.

    Superseded versions went by the promise of their time.
    """
    promised = Value(promise.parameters["notice_period_days"])
    due_on = ExpressionWrapper(LOCAL_DAY_OF_PUBLICATION + promised, output_field=DateField())
    stands = Q(next_effective_on=None) | Q(next_effective_on__gt=local_day(timezone.now()))
    versions = PolicyVersion.objects.of_company().with_ends().filter(stands)
    counts = yield {"short": versions.filter(effective_on__lt=due_on)}
    verdict = broken if counts["short"] else kept
    return verdict(counts["short"], Unit.VERSIONS, link=admin_list(VERSIONS))


@control("versions_public", counts=_("Published versions that the site cannot show in full"))
def versions_public(promise: Promise) -> Asking:
    """Count the published versions without their text or their summary, in either language.

    The site lists every published version and opens each; nobody can withdraw one.
    """
    return _judge_versions(_lacks_text() | Q(summary_vi="") | Q(summary_en=""))


@control("both_languages", counts=_("Published versions that lack a language"))
def both_languages(promise: Promise) -> Asking:
    """Count the published versions without a text in Vietnamese or in English."""
    return _judge_versions(_lacks_text())


def _judge_versions(faulty: Q) -> Asking:
    counts = yield {"faulty": PolicyVersion.objects.of_company().filter(faulty)}
    verdict = broken if counts["faulty"] else kept
    return verdict(counts["faulty"], Unit.VERSIONS, link=admin_list(VERSIONS))


def _lacks_text() -> Q:
    written = PolicyText.objects.filter(version=OuterRef("pk")).exclude(body="")
    lacks = Q()
    for language in Language.values:
        lacks |= ~Q(Exists(written.filter(language=language)))
    return lacks


@control("contact_published", counts=_("Facts about the company that the pages cannot show"))
def contact_published(promise: Promise) -> Asking:
    """Count what is missing of name, address, phone, tax code and e-mail.

    The footer shows the deployment's own contact address where the company has no e-mail.
    """
    lacks = {
        "name": Q(name_vi="") | Q(name_en=""),
        "address": Q(address_vi="") | Q(address_en=""),
        "phone": Q(phone=""),
        "tax_code": Q(tax_code=""),
    }
    if not settings.CONTACT_EMAIL:
        lacks["email"] = Q(email="")
    counts = yield {fact: Company.objects.filter(each) for fact, each in lacks.items()}
    missing = sum(counts.values())
    verdict = at_risk if missing else kept
    return verdict(missing, Unit.FACTS, link=admin_list("policies.company"))


@control(
    "agreements_valid",
    needs="recipients",
    counts=_("Recipients without a valid agreement"),
)
def agreements_valid(promise: Promise) -> Asking:
    """Count the recipients without a valid agreement, of the kinds that the promise speaks of.

    At risk, not broken: to a recipient without agreement nothing may be disclosed.
    """
    named = Recipient.objects.filter(code__in=promise.parameters["recipients"])
    bound = Recipient.objects.active().filter(kind__in=named.values("kind"))
    lacking = bound.without_agreement(local_day(timezone.now()))
    counts = yield {"bound": bound, "lacking": lacking}
    if not counts["bound"]:
        return not_applicable(_("Nobody of this kind receives anything."))
    verdict = at_risk if counts["lacking"] else kept
    return verdict(counts["lacking"], Unit.RECIPIENTS, link=admin_list(RECIPIENTS))


DISCLOSURES_UNSEEN = _("Nobody is entered who may not receive; disclosures are not recorded yet.")


@control(
    "forbidden_recipients",
    needs="forbidden_recipient_kinds",
    counts=_("Active recipients of a forbidden kind"),
    missing=DISCLOSURES_UNSEEN,
)
def forbidden_recipients(promise: Promise) -> Asking:
    """Count the active recipients of a kind to which the company promised never to disclose."""
    forbidden = promise.parameters["forbidden_recipient_kinds"]
    return _judge_recipients(Q(kind__in=forbidden))


@control(
    "closed_data",
    needs="closed_data_categories",
    counts=_("Active recipients of data that is never disclosed"),
    missing=DISCLOSURES_UNSEEN,
)
def closed_data(promise: Promise) -> Asking:
    """Count the active recipients of a category of data that is closed to everybody."""
    closed = promise.parameters["closed_data_categories"]
    return _judge_recipients(Q(data_categories__overlap=closed))


def _judge_recipients(forbidden: Q) -> Asking:
    """Tell the promise broken by an entry; without one, disclosures might still break it."""
    counts = yield {"forbidden": Recipient.objects.active().filter(forbidden)}
    if counts["forbidden"]:
        return broken(counts["forbidden"], Unit.RECIPIENTS, link=admin_list(RECIPIENTS))
    return not_measured(DISCLOSURES_UNSEEN)
