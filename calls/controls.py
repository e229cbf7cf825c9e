"""What the recordings say about the promises."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerMerge, MergeState
from calls.models import CallRecording
from common.models import FileKey
from common.periods import expiry_named
from policies.models import Promise
from policies.periods import judge_kept, kept_too_long, yesterday
from policies.promises import Asking, Unit, admin_list, broken, control, not_measured

LOOKED_BACK = timedelta(days=30)  # of what was added before, the results of those days tell
UNRECORDED_UNSEEN = _(
    "What is delivered here is kept; calls that were never recorded or delivered are not seen."
)


@control(
    "call_recordings",
    counts=_("Recordings that nothing can open, or that should be gone"),
    missing=UNRECORDED_UNSEEN,
)
def call_recordings(promise: Promise) -> Asking:
    """Judge what the telephone system delivers; which calls it leaves out, nobody here can see.

    Broken by a recording of the last 30 days whose key is lost, and by one that a nightly
    run should have erased and did not. Without any, the promise is still not shown kept.
    """
    now = timezone.now()
    key = FileKey.objects.filter(owner=OuterRef("customer__public_id"))
    former = CustomerMerge.objects.filter(
        Exists(FileKey.objects.filter(owner=OuterRef("duplicate_public_id"))),
        survivor=OuterRef("customer"),
        state=MergeState.MERGED,
    )
    recent = CallRecording.objects.filter(added_at__gte=now - LOOKED_BACK)
    counts = yield {
        "lost": recent.filter(~Exists(key), ~Exists(former)),
        **kept_too_long(expiry_named("calls"), yesterday()),
    }
    link = admin_list("calls.callrecording")
    if wrong := counts["lost"] + counts["late"]:
        return broken(wrong, Unit.RECORDINGS, link=link)
    return judge_kept(counts, Unit.RECORDINGS, link) or not_measured(UNRECORDED_UNSEEN)
