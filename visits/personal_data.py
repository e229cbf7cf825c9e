from django.utils.translation import gettext_lazy as _

from common.periods import Expiry, expires
from common.personal_data import DataCategory, RetentionTrigger, exempt
from visits.models import PageDay

exempt("visits.PageDay", because="numbers of a page and a day, of which none belongs to a person")

expires(
    Expiry(
        name="visits",
        label=_("visits"),
        category=DataCategory.VISIT,
        trigger=RetentionTrigger.CREATED,
        rows=PageDay.objects.all,
        begins="day",
    )
)
