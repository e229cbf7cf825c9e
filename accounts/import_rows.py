"""Reading customers from a file: each row as the form for one customer would take it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.details import EDITABLE
from accounts.exceptions import ImportRefused, NoSuchConsent
from accounts.forms import CustomerForm
from accounts.models import RequestChannel
from accounts.recording import Agreement, version_on
from common.csv_files import decoded, numbered_rows
from policies.models import DeclaredField, Language, Purpose

MOST_ROWS = 50_000
LARGEST_FILE = 10 * 1024 * 1024  # bytes

# What a column may be called, folded. The first name is that of the sample.
COLUMNS: dict[str, tuple[str, ...]] = {
    "full_name": ("Họ và tên", "ho ten", "ten", "full name", "name"),
    "email": ("Email", "e-mail", "thu dien tu", "dia chi email"),
    "phone": ("Số điện thoại", "dien thoai", "phone", "phone number"),
    "address": ("Địa chỉ", "address", "postal address"),
    "language": ("Ngôn ngữ", "language"),
    "consents": ("Đồng ý", "consents"),
    "consent_on": ("Ngày đồng ý", "consent date"),
    "consent_version": ("Phiên bản chính sách", "consent policy version"),
    "consent_channel": ("Kênh đồng ý", "consent channel"),
    "consent_reference": ("Chứng từ đồng ý", "consent document"),
}
CHANNELS = {  # by their names, folded
    **{channel.value: channel for channel in RequestChannel},
    "dien thoai": RequestChannel.PHONE,
    "qua dien thoai": RequestChannel.PHONE,
    "tai quay": RequestChannel.COUNTER,
    "buu dien": RequestChannel.POST,
    "qua buu dien": RequestChannel.POST,
    "qua email": RequestChannel.EMAIL,
}
SAMPLE = {
    "full_name": "Nguyễn Văn Ưng",
    "email": "ung@example.com",
    "phone": "0912 345 560",
    "address": "12 Lê Lợi, Huế",
    "language": "vi",
}


@dataclass(frozen=True)
class Fault:
    """What is wrong in a row; ``column`` as the file calls it, or empty for the whole row."""

    line: int
    column: str
    text: str
    value: str = ""
    is_duplicate: bool = False


@dataclass(frozen=True)
class NewCustomer:
    line: int
    details: Mapping[str, str]
    email: str
    language: Language
    declared: Mapping[str, str]
    agreed_to: tuple[Purpose, ...] = ()
    agreement: Agreement | None = None


@dataclass
class ReadFile:
    """What a file says. ``unknown`` are the columns that mean nothing here.

    masked: how many cells held the number of a payment card.
    """

    rows: list[NewCustomer] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    total: int = 0
    masked: int = 0


def read_customers(content: bytes) -> ReadFile:
    """Read every row; what is wrong with one keeps none of the others.

    Raises FileRefused and ImportRefused when the file as a whole cannot be read.
    """
    if len(content) > LARGEST_FILE:
        raise ImportRefused(_("The file is larger than 10 MB."))
    (_line, head), *lines = [*numbered_rows(decoded(content))] or [(1, [])]
    meanings = _meanings()
    columns = [meanings.get(folded(name), "") for name in head]
    _require_columns(columns)
    if not lines:
        raise ImportRefused(_("The file names no customer."))
    if len(lines) > MOST_ROWS:
        raise ImportRefused(_("The file has more than %(n)d customers.") % {"n": MOST_ROWS})
    unknown = [name for name, known in zip(head, columns, strict=True) if name and not known]
    found = ReadFile(unknown=unknown, total=len(lines))
    reader = _RowReader(columns, head)
    for line, cells in lines:
        row = reader.read(line, cells)
        if isinstance(row, NewCustomer):
            found.rows.append(row)
        else:
            found.faults += row
    found.masked = reader.masked
    return found


def folded(name: str) -> str:
    """Return a heading in small letters without accents: "Họ_và tên " is "ho va ten"."""
    apart = unicodedata.normalize("NFKD", name.casefold().replace("đ", "d"))
    letters = (each for each in apart if not unicodedata.combining(each))
    return " ".join(re.sub(r"[_\s]+", " ", "".join(letters)).split())


def headings() -> list[str]:
    """Return the headings of the sample: the fixed details, the declared ones, the consents."""
    asked = [field.name_vi for field in DeclaredField.objects.active()]
    known = _columns()
    told = [known[key][0] for key in known if key in SAMPLE]
    return [*told, *asked, *(known[key][0] for key in known if key not in SAMPLE)]


def sample() -> list[list[str]]:
    """Return a file to begin with: the headings and one customer."""
    return [headings(), [SAMPLE[key] for key in _columns() if key in SAMPLE]]


def required_headings() -> list[str]:
    """Return the headings of what the company lets no customer be without."""
    fields = CustomerForm().fields
    names = {key: headings[0] for key, headings in COLUMNS.items()}
    return [names.get(key, str(fields[key].label)) for key in fields if fields[key].required]


def _columns() -> dict[str, tuple[str, ...]]:
    """Return the columns, without those of details that the company does not ask for."""
    asked = CustomerForm().fields
    return {key: names for key, names in COLUMNS.items() if key in asked or key not in EDITABLE}


def _meanings() -> dict[str, str]:
    """Return what a heading stands for, by the heading, folded."""
    fixed = {folded(name): key for key, names in _columns().items() for name in names}
    return {
        folded(name): field.code
        for field in DeclaredField.objects.active()
        for name in (field.code, field.name_vi, field.name_en)
    } | fixed


def _require_columns(columns: list[str]) -> None:
    known = [name for name in columns if name]
    if "full_name" not in known or not {"email", "phone"} & set(known):
        raise ImportRefused(
            _("The first line must name the columns: the full name, and email or phone at least.")
        )
    if len(known) != len(set(known)):
        raise ImportRefused(_("Two columns have the same meaning. Remove one of them."))


class _RowReader:
    """Takes the cells of one row after the other, by the rules of the form for one customer."""

    def __init__(self, columns: list[str], head: list[str]) -> None:
        self.columns = columns
        self.called = {key: name for key, name in zip(columns, head, strict=True) if key}
        form = CustomerForm()
        self.fields: Mapping[str, forms.Field] = form.fields
        self.declared = form.declared_fields_asked
        self.masked = 0
        self.versions: dict[date, str] = {}  # in effect on a day, asked once
        self.purposes = {purpose.code: purpose for purpose in Purpose.objects.asking_consent()}

    def read(self, line: int, cells: list[str]) -> NewCustomer | list[Fault]:
        if len(cells) > len(self.columns) and any(cells[len(self.columns) :]):
            return [Fault(line, "", _("This row has more cells than the first line."))]
        row = {key: text for key, text in zip(self.columns, cells, strict=False) if key}
        self.line, self.row = line, row
        self.faults: list[Fault] = []
        asked = [name for name in EDITABLE if name in self.fields]
        details = dict.fromkeys(EDITABLE, "") | {name: self._clean(name) for name in asked}
        declared = {each.code: self._clean(each.code) for each in self.declared}
        email, language = self._clean("email"), self._clean("language") or Language.VI
        if not self.faults and not email and not details["phone"]:
            self.faults.append(Fault(line, "", _("An email or a phone number is needed.")))
        purposes, agreement = self._consents()
        if self.faults:
            return self.faults
        return NewCustomer(line, details, email, Language(language), declared, purposes, agreement)

    def _clean(self, name: str) -> str:
        """Return a cell as its field takes it; note what is wrong with it."""
        value = self.row.get(name, "").strip()
        if name == "language":
            value = value.lower()
        try:
            cleaned = str(self.fields[name].clean(value) or "")
            self.masked += getattr(self.fields[name], "masked", False)
            return cleaned
        except ValidationError as error:
            self._fault(name, " ".join(error.messages))
            return ""

    def _consents(self) -> tuple[tuple[Purpose, ...], Agreement | None]:
        """Return what the row proves to be agreed to; without all of the proof it is a fault."""
        codes = re.split(r"[\s,;|]+", self.row.get("consents", "").strip())
        if codes == [""]:
            return (), None
        if unknown := [code for code in codes if code not in self.purposes]:
            self._fault("consents", _("No consent is asked for this purpose: %s.") % unknown[0])
        on, channel = self._day(), CHANNELS.get(folded(self.row.get("consent_channel", "")))
        reference = self._clean("consent_reference")
        if channel is None:
            self._fault("consent_channel", _("Say how it was given: phone, counter, post, email."))
        if not reference:
            self._fault("consent_reference", _("Say where the consent can be read again."))
        if on is None or channel is None or not reference or unknown:
            return (), None
        purposes = tuple(self.purposes[code] for code in dict.fromkeys(codes))
        return purposes, Agreement(on, channel, reference)

    def _day(self) -> date | None:
        """Return the day of the consents, if the version named beside it was in effect then."""
        day = _day_of(self.row.get("consent_on", ""))
        if day is None or day > timezone.localdate():
            self._fault("consent_on", _("Name the day on which it was given, as 2026-11-24."))
            return None
        try:
            number = self.versions.get(day) or version_on(day).number
        except NoSuchConsent as error:
            self._fault("consent_on", str(error))
            return None
        self.versions[day] = number
        if self.row.get("consent_version", "").strip() != number:
            text = _("On that day version %s of the policy was in effect.") % number
            self._fault("consent_version", text)
            return None
        return day

    def _fault(self, name: str, text: str) -> None:
        known = COLUMNS[name][0] if name in COLUMNS else str(self.fields[name].label)
        column = self.called.get(name, known)
        self.faults.append(Fault(self.line, column, text, self.row.get(name, "")))


def _day_of(text: str) -> date | None:
    """Read 2026-11-24, or 24/11/2026 as spreadsheets write it here."""
    for pattern in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 -- a day, no moment
        except ValueError:
            continue
    return None
