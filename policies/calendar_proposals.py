"""What the holidays package knows of a year. It proposes and never decides: swaps are missing."""

from datetime import date

from policies.calendar_import import LONGEST_LABEL, CalendarRow
from policies.models import OfficialDayKind


def public_holidays(year: int) -> list[CalendarRow]:
    """Return the public holidays of a year and their days in lieu; none of a year it cannot know.

    It knows some swaps of past years, yet without the day that was worked: those are left out.
    """
    # Here, as the package reads a calendar of a thousand years, and would slow every start.
    from holidays.countries.vietnam import VietnamStaticHolidays  # noqa: PLC0415

    swapped = VietnamStaticHolidays.substituted_label.partition("%")[0]
    names = _names(year, "vi")
    english = _names(year, "en_US")
    statutory = _names(year, "vi", observed=False)
    return [
        CalendarRow(
            day=day,
            kind=OfficialDayKind.STATUTORY if day in statutory else OfficialDayKind.COMPENSATORY,
            label_vi=name[:LONGEST_LABEL],
            label_en=english[day][:LONGEST_LABEL],
        )
        for day, name in sorted(names.items())
        if not name.startswith(swapped)
    ]


def _names(year: int, language: str, *, observed: bool = True) -> dict[date, str]:
    from holidays import country_holidays  # noqa: PLC0415 -- as above

    return dict(country_holidays("VN", years=year, language=language, observed=observed).items())
