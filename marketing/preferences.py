"""What somebody lets the company's sites do: in the account, in one cookie, or nothing at all.

Nothing is allowed unless somebody said so. The cookie holds the choices alone
and no identifier; it is set when they are sent, never when a page is read.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest

from accounts.locks import lock_open
from accounts.models import Customer, User
from common.history import save_as
from marketing.models import Ads, Preference

COOKIE = "preferences"
FORM = "1"  # of what the cookie says; another form is not read
NAMES = ("statistics", "personalisation", "advertising", "ads")


class Source(StrEnum):
    """Where the choices come from."""

    ACCOUNT = "account"
    COOKIE = "cookie"
    SIGNAL = "signal"  # Global Privacy Control: the browser refuses for its user
    DEFAULT = "default"


@dataclass(frozen=True)
class Choices:
    """As they come, all that may be refused is."""

    statistics: bool = False
    personalisation: bool = False
    advertising: bool = False
    ads: str = Ads.GENERAL

    def to_cookie(self) -> str:
        flags = (self.statistics, self.personalisation, self.advertising)
        return ".".join([FORM, *(str(int(flag)) for flag in flags), self.ads])

    @classmethod
    def from_cookie(cls, text: str) -> "Choices | None":
        """Return what a cookie says, or None when it is none of ours."""
        parts = text.split(".")
        if len(parts) != 5 or parts[0] != FORM or parts[4] not in Ads.values:
            return None
        if not {"0", "1"}.issuperset(parts[1:4]):
            return None
        statistics, personalisation, advertising = (part == "1" for part in parts[1:4])
        if parts[4] == Ads.PERSONALISED and not advertising:
            return None
        return cls(statistics, personalisation, advertising, parts[4])


@dataclass(frozen=True)
class Found:
    choices: Choices
    source: Source

    @property
    def is_decided(self) -> bool:
        """Say whether somebody, or their browser, decided; else a site may ask."""
        return self.source != Source.DEFAULT

    @property
    def is_chosen(self) -> bool:
        """Say whether the person chose, here or in the account."""
        return self.source in (Source.ACCOUNT, Source.COOKIE)

    def to_json(self) -> Mapping[str, object]:
        return {
            "decided": self.is_decided,
            "source": self.source.value,
            "necessary": True,
            **asdict(self.choices),
        }


def find_choices(request: HttpRequest) -> Found:
    """Return the choices of whoever asks: the account's, else the cookie's, else none."""
    people = Customer.objects.open().signed_in_as(request.user)
    preference = Preference.objects.filter(customer__in=people).first()
    if preference is not None:
        return Found(_of(preference), Source.ACCOUNT)
    if chosen := Choices.from_cookie(request.COOKIES.get(COOKIE, "")):
        return Found(chosen, Source.COOKIE)
    if refuses_by_signal(request):
        return Found(Choices(), Source.SIGNAL)
    return Found(Choices(), Source.DEFAULT)


def refuses_by_signal(request: HttpRequest) -> bool:
    """Say whether the browser sends Global Privacy Control. Source: its specification, 3.1."""
    return request.headers.get("Sec-GPC") == "1"


@transaction.atomic
def choose(customer: Customer, choices: Choices, *, by: User) -> None:
    """Keep the choices in the account. The same again writes nothing.

    Raises AccountClosed.
    """
    lock_open(customer)
    _write(customer, choices, by=by)


def refuse_advertising(customer: Customer, *, by: User | None) -> None:
    """Let nobody follow the customer for advertising, nor show them any. Expects the row locked."""
    known = Preference.objects.filter(customer=customer).first()
    kept = _of(known) if known else Choices()
    _write(customer, replace(kept, advertising=False, ads=Ads.NONE), by=by)


def follow_no_more(customer: Customer, *, by: User | None) -> None:
    """Take back the leave to follow the customer, if it was given. Expects the row locked."""
    known = Preference.objects.filter(customer=customer, advertising=True).first()
    if known is not None:
        kept = _of(known)
        ads = Ads.GENERAL if kept.ads == Ads.PERSONALISED else kept.ads
        _write(customer, replace(kept, advertising=False, ads=ads), by=by)


def _write(customer: Customer, choices: Choices, *, by: User | None) -> None:
    preference = Preference.objects.filter(customer=customer).first()
    if preference is None:
        row = Preference(customer=customer, **asdict(choices))
        save_as(row, by=by, reason="chosen by customer")
    elif _of(preference) != choices:
        for name in NAMES:
            setattr(preference, name, getattr(choices, name))
        save_as(preference, by=by, reason="chosen by customer", fields=NAMES)


def _of(preference: Preference) -> Choices:
    return Choices(**{name: getattr(preference, name) for name in NAMES})
