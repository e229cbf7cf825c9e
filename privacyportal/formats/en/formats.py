from privacyportal.formats import DAYS, DAYS_WITH_TIMES, TIMES

DATE_FORMAT = "j M Y"  # the month as a word: 1/2 is read as 2 January by some
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "j F"
SHORT_DATE_FORMAT = "j M Y"
SHORT_DATETIME_FORMAT = "j M Y, H:i"
FIRST_DAY_OF_WEEK = 1  # Monday

# The last as they are shown.
DATE_INPUT_FORMATS = [*DAYS, "%d %b %Y"]
TIME_INPUT_FORMATS = TIMES
DATETIME_INPUT_FORMATS = [*DAYS_WITH_TIMES, "%d %b %Y, %H:%M"]

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
