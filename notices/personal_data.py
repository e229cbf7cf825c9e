from django.utils.translation import gettext_lazy as _

from common.periods import Expiry, expires
from common.personal_data import DataCategory, RetentionTrigger, exempt
from notices.models import Notice, NoticeState

exempt(
    "notices.Notice",
    because="names its recipient by public id; an address and text are forgotten once sent",
)
exempt("common.JobStatus", because="names jobs and kinds of errors")

expires(
    Expiry(
        name="notices",
        label=_("notices"),
        category=DataCategory.NOTICE,
        trigger=RetentionTrigger.CREATED,
        rows=lambda: Notice.objects.exclude(state=NoticeState.QUEUED),
        begins="queued_at",
        customer="recipient",
        known_by="public_id",
        facet="template",
    )
)
