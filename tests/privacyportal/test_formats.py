from datetime import date, datetime

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.formats import date_format, get_format, localize_input, number_format

DAY = date(2026, 2, 1)
MOMENT = datetime(2026, 11, 22, 14, 5)


@pytest.mark.parametrize(
    ("language", "name", "written"),
    [
        ("vi", "DATE_FORMAT", "22/11/2026"),
        ("vi", "SHORT_DATE_FORMAT", "22/11/2026"),
        ("vi", "DATETIME_FORMAT", "14:05 22/11/2026"),
        ("vi", "SHORT_DATETIME_FORMAT", "14:05 22/11/2026"),
        ("vi", "YEAR_MONTH_FORMAT", "tháng 11 năm 2026"),
        ("vi", "MONTH_DAY_FORMAT", "ngày 22 tháng 11"),
        ("en", "DATE_FORMAT", "22 Nov 2026"),
        ("en", "SHORT_DATE_FORMAT", "22 Nov 2026"),
        ("en", "DATETIME_FORMAT", "22 Nov 2026, 14:05"),
        ("en", "SHORT_DATETIME_FORMAT", "22 Nov 2026, 14:05"),
        ("en", "YEAR_MONTH_FORMAT", "November 2026"),
        ("en", "MONTH_DAY_FORMAT", "22 November"),
    ],
)
def test_a_moment_is_written_as_the_language_writes_it(language, name, written):
    with translation.override(language):
        assert date_format(MOMENT, name) == written


@pytest.mark.parametrize(
    ("language", "written"),
    [("vi", "1.234.567,5"), ("en", "1,234,567.5"), ("vi-vn", "1.234.567,5")],
)
def test_a_number_is_written_as_the_language_writes_it(language, written):
    with translation.override(language):
        assert number_format(1234567.5, decimal_pos=1, force_grouping=True) == written


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("typed", ["01/02/2026", "1/2/2026", "01-02-2026", "2026-02-01"])
def test_a_typed_date_is_day_first_or_iso(language, typed):
    with translation.override(language):
        assert forms.DateField().clean(typed) == DAY


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_month_first_date_is_refused(language):
    with translation.override(language), pytest.raises(ValidationError):
        forms.DateField().clean("11/22/2026")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", ["SHORT_DATETIME_FORMAT", "DATETIME_FORMAT"])
def test_a_moment_copied_from_a_page_is_read_back(settings, language, name):
    settings.USE_TZ = False

    with translation.override(language):
        assert forms.DateTimeField().clean(date_format(MOMENT, name)) == MOMENT


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_field_shows_the_seconds_that_it_would_otherwise_lose(settings, language):
    settings.USE_TZ = False
    exact = MOMENT.replace(second=33)

    with translation.override(language):
        shown = localize_input(exact)

        assert shown == "22/11/2026 14:05:33"
        assert forms.DateTimeField().clean(shown) == exact


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_week_begins_on_monday(language):
    with translation.override(language):
        assert get_format("FIRST_DAY_OF_WEEK") == 1
