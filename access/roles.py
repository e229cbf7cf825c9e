"""The roles of staff: the names of their groups, which pages and mails translate."""

from django.utils.translation import gettext_noop

COMPLAINT_OFFICER = gettext_noop("complaint officer")
COMPLAINT_LEAD = gettext_noop("lead of the complaint team")
DPO = gettext_noop("data protection officer")
AUDITOR = gettext_noop("auditor")
ADMINISTRATOR = gettext_noop("administrator")
SYSTEM = gettext_noop("another system of the company")
NO_ROLE = gettext_noop("staff")  # of a member of staff who has none of these

BY_REACH = (COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO, AUDITOR, ADMINISTRATOR)
"""Of several roles of one person, the first is that under which they look at customers' data."""
