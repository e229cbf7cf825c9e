"""How dates and numbers are written and read, by language (``FORMAT_MODULE_PATH``).

Customers in Viet Nam type the day first in either language, so both read ``01/02/2026`` as
1 February. The first input format is also what form fields show: with seconds, so that a
stored time survives a form saved without a change.
"""

DAYS = ["%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"]
TIMES = ["%H:%M:%S", "%H:%M"]
DAYS_WITH_TIMES = [f"{day} {time}" for day in DAYS for time in TIMES]
