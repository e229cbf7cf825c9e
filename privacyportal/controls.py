"""What the portal's settings say about the promises, and what it cannot answer yet.

Each line of ``not_built`` goes when its feature comes: the feature's app then
registers a control of its own.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.conf import settings
from django.db.models import CharField, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from access.models import AccessSeal, AccessVerification
from access.tasks import SEAL
from common.cards import mask_cards
from common.encryption.fields import EncryptedTextField, Sealed
from common.encryption.rotation import rotations
from common.models import JobStatus
from common.personal_data import declarations
from policies.models import Promise
from policies.promises import (
    Asking,
    Measure,
    Unit,
    admin_list,
    at_risk,
    broken,
    control,
    not_built,
    not_measured,
)

OWN_SOURCES = (SELF, NONE, "data:")
THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


OTHER_SITES_UNSEEN = _("No page of the portal lets others track; other sites are not watched.")


@control(
    "no_third_parties",
    counts=_("Other sites that pages may load from or send to"),
    missing=OTHER_SITES_UNSEEN,
)
def no_third_parties(promise: Promise) -> Measure:
    """Count the sources beyond the portal itself that its Content-Security-Policy allows.

    Browsers enforce that policy on every page of the portal; the company's other
    sites are out of its sight, so that the promise is never shown kept.
    """
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    is_sent = "csp.middleware.CSPMiddleware" in settings.MIDDLEWARE
    if not is_sent or "default-src" not in directives:
        return broken(0, Unit.HOSTS, note=_("The pages are sent without a content policy."))
    foreign = {source for sources in directives.values() for source in sources} - {*OWN_SOURCES}
    return broken(len(foreign), Unit.HOSTS) if foreign else not_measured(OTHER_SITES_UNSEEN)


LAYERS_UNSEEN = _(
    "The portal is encrypted, asks staff for a second factor and records checks of identity; other"
    " systems are not watched."
)
SECOND_FACTOR = "accounts.middleware.StaffSecondFactorMiddleware"


@control(
    "encrypted_access",
    counts=_("Addresses of the portal without encryption or second factor"),
    missing=LAYERS_UNSEEN,
)
def encrypted_access(promise: Promise) -> Measure:
    """Tell a portal that is open to the network without HTTPS, or to staff by password alone.

    With both the promise is still not shown kept: it speaks of all access, also elsewhere.
    """
    host = urlsplit(settings.SITE_ORIGIN).hostname
    if not settings.IS_HTTPS and host not in THIS_MACHINE:
        return broken(1, Unit.HOSTS, note=_("The portal is reached without HTTPS."))
    if SECOND_FACTOR not in settings.MIDDLEWARE:
        return broken(1, Unit.HOSTS, note=_("Staff get in without a second factor."))
    return not_measured(LAYERS_UNSEEN)


FIREWALLS_UNSEEN = _("What is stored is encrypted; firewalls and other systems are not seen here.")


@control(
    "encryption",
    counts=_("Encrypted values that are not under the current key, and seals that do not hold"),
    missing=FIREWALLS_UNSEEN,
)
def encryption(promise: Promise) -> Asking:
    """Count the rows whose encrypted values are not under the first key of the ring.

    Broken while no key of the ring opens one; at risk while old keys are still needed. The
    database takes nothing plain into those columns, and files are only written encrypted.
    The records of who saw what are sealed: broken when the last verification found a fault, at
    risk while no seals are made, copied out or verified, and for a month after a gap. The
    promise has more parts than that, so that it is never shown kept.
    """
    tables = rotations()
    now = timezone.now()
    counts = yield {
        "faulty": AccessVerification.objects.faulty(),
        "unverified": AccessSeal.objects.unverified(now),
        "gaps": AccessVerification.objects.with_gaps(now),
        "overdue": AccessSeal.objects.overdue(now),
        "failing": JobStatus.objects.filter(name=SEAL).exclude(error=""),
        **{f"stale_{place}": table.stale() for place, table in enumerate(tables)},
        **{f"lost_{place}": table.lost() for place, table in enumerate(tables)},
    }
    faulty, unsealed = counts.pop("faulty"), counts.pop("overdue") + counts.pop("failing")
    unverified, gaps = counts.pop("unverified"), counts.pop("gaps")
    link = admin_list("access.accessverification")
    if faulty:
        return broken(1, Unit.SEALS, link=link, note=_("Records of access were changed."))
    if lost := sum(number for name, number in counts.items() if name.startswith("lost")):
        return broken(lost, Unit.SEALED, note=_("No key of the portal opens them."))
    if stale := sum(counts.values()):
        return at_risk(stale, Unit.SEALED, note=_("The old keys are needed until all is renewed."))
    if unsealed:
        return at_risk(unsealed, Unit.SEALS, note=_("Records of access are not sealed or copied."))
    if unverified:
        note = _("The seals of the records of access were not verified for two days.")
        return at_risk(unverified, Unit.SEALS, link=link, note=note)
    if gaps:
        note = _("For a time of the last 30 days no records of access were sealed.")
        return at_risk(gaps, Unit.SEALS, link=link, note=note)
    return not_measured(FIREWALLS_UNSEEN)


NEWEST = 200  # rows of a kind: masking that fails shows in these first
CARDS_UNSEEN = _("The newest texts hold no card number; older ones, pictures and files may.")


@control(
    "card_masking",
    counts=_("Texts among the newest 200 of each kind that hold a card number"),
    missing=CARDS_UNSEEN,
)
def card_masking(promise: Promise) -> Measure:
    """Search what was last written about customers for card numbers, which the forms mask.

    Each text that the registry of personal data names is read, of the newest rows, with one
    query for all. One number breaks the promise. None does not prove it kept: a card can be in
    a picture.
    """
    found = sum(mask_cards(text) != text for text in _newest_texts())
    return broken(found, Unit.TEXTS) if found else not_measured(CARDS_UNSEEN)


def _newest_texts() -> Iterator[str]:
    fields = [
        (declaration.model, field)
        for declaration in declarations()
        for field in map(declaration.model._meta.get_field, declaration.personal)
        if isinstance(field, CharField | TextField) and not field.choices
    ]
    first, *others = [
        model._base_manager.order_by("-pk").values_list(
            Value(place),
            Cast(getattr(field, "row", "pk"), TextField()),
            Cast(field.name, TextField()),  # of a sealed one as the table has it
        )[:NEWEST]
        for place, (model, field) in enumerate(fields)
    ]
    for place, row, text in first.union(*others, all=True):
        _model, field = fields[place]
        is_sealed = text and isinstance(field, EncryptedTextField)
        yield Sealed(text, field.column_name).open(row) if is_sealed else text or ""


not_built(
    "disclosure_register",
    because=_("What is disclosed, to whom and on which basis is not recorded here yet."),
)
not_built(
    "breach_register",
    because=_("Attacks and breaches, and who was informed, are not recorded here yet."),
)
not_built(
    "security_reviews",
    because=_("Reviews with security experts are not recorded here yet."),
)
not_built(
    "security_page",
    because=_("The measures of protection are not described and followed up here yet."),
)
not_built(
    "external_links",
    because=_("Links to other sites are marked; nothing checks them day by day yet."),
)
not_built(
    "statistics_export",
    because=_("Statistics with a smallest group size are not built yet."),
)
not_built(
    "rights_requests",
    because=_("Requests to view or correct data, free of charge, are not recorded here yet."),
)
