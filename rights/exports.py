"""A customer takes along a copy of all that is held about them.

How it is kept safe:

- The copy is made for one customer, who has shown again who they are. Asking twice while one is
  being made shows the first. Only its owner gets it, after showing that again.
- A worker claims the row, writes a sealed file under the customer's key, and records it in one
  transaction under the customer's lock, with the mail. Until then no row names the file, and it
  is on the list of files to remove. A killed worker's claim ends, and another one begins anew.
- After a purge or a merge there is no such customer; what was being made is thrown away.
- A copy goes when its time is over, when a newer one is ready, and when the account is closed or
  opened again: the other door asks for another proof. A legal hold keeps the data itself, not
  copies of it.
- Of a closed account it is asked for and fetched behind the link of its mails, each time with the
  proof that links ask for (accounts/link_proofs.py).
"""

import logging
from collections.abc import Collection
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import F
from django.http import FileResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.closing import ends_with_account
from accounts.files import file_key
from accounts.locks import lock_closed, lock_customer, lock_open
from accounts.merging import public_ids_of
from accounts.models import Customer, User
from accounts.reopening import ends_with_reopening
from common.archives import Pulled, zipped
from common.attachments import as_attachment
from common.erasure import Erased
from common.files import doom_files, keep_files, provisional_files
from common.history import save_as
from common.jobs import wake
from common.personal_data import DataCategory
from common.tokens import new_public_id
from notices.services import queue_notice
from rights.archive import members_of
from rights.exceptions import ExportOver, ExportRefused
from rights.models import Export, ExportState
from rights.tasks import make_export

logger = logging.getLogger(__name__)

MOST_A_DAY = 5  # of one customer: making one reads everything
ATTEMPTS = 5
# No worker lives longer, so that no two make the same one.
CLAIM = timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT + 30)


@transaction.atomic
def ask_export(customer: Customer, *, by: User) -> Export:
    """Let a copy be made; while one is, that one is returned.

    Raises AccountClosed, ExportRefused.
    """
    lock_open(customer)
    return _ask(customer, by=by, reason="asked")


@transaction.atomic
def ask_export_of_closed(customer: Customer) -> Export:
    """Do the same for a customer who has shown by the link of a mail who they are.

    Raises AccountOpen, ExportRefused.
    """
    lock_closed(customer)
    return _ask(customer, by=customer.user, reason="asked by link")


def _ask(customer: Customer, *, by: User | None, reason: str) -> Export:
    own = Export.objects.of(customer)
    if running := own.asked().first():
        return running
    if own.filter(asked_at__gt=timezone.now() - timedelta(days=1)).count() >= MOST_A_DAY:
        raise ExportRefused(
            _("You have asked for this several times today. Please try again tomorrow.")
        )
    export = Export(customer=customer)
    save_as(export, by=by, reason=reason)
    transaction.on_commit(lambda: wake(make_export))
    return export


def make_next_export() -> bool:
    """Make the copy that waits longest; say whether there was one."""
    export = _claim_next()
    if export is None:
        return False
    if export.attempts > ATTEMPTS:
        _give_up(export)
        return True
    try:
        _make(export)
    except (ExportOver, ObjectDoesNotExist):
        pass  # closed, opened again, purged or merged meanwhile: the row is over, or gone
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 -- one broken copy must not keep the others
        logger.error("export %s not made: %s", export.pk, type(error).__name__)
    return True


@transaction.atomic
def _claim_next() -> Export | None:
    waiting = Export.objects.to_make(timezone.now()).order_by("pk").select_related("customer")
    export = waiting.select_for_update(skip_locked=True, of=("self",)).first()
    if export is not None:
        export.attempts += 1
        Export.objects.filter(pk=export.pk).update(
            attempts=F("attempts") + 1, claimed_until=timezone.now() + CLAIM
        )
    return export


def _make(export: Export) -> None:
    """Raises ExportOver, ObjectDoesNotExist."""
    customer = export.customer
    path = _new_path()
    with translation.override(customer.language):
        archive = Pulled(zipped(members_of(customer)))
        with provisional_files({path: archive}, key=file_key(customer)):
            _record(export, path, archive.size)


def _new_path() -> str:
    """Return a random place, another one for each attempt."""
    name = new_public_id()
    return f"exports/{name[:2]}/{name}"


@transaction.atomic
def _record(export: Export, path: str, size: int) -> None:
    lock_customer(export.customer)
    _lock(export)
    if export.state != ExportState.ASKED:
        raise ExportOver(_over())
    for former in Export.objects.of(export.customer).kept().select_for_update():
        _expire(former, by=None, reason="replaced")
    keep_files([path])
    export.state, export.file.name, export.size = ExportState.READY, path, size
    export.ready_at = timezone.now()
    export.expires_at = export.ready_at + timedelta(days=settings.EXPORT_DAYS)
    changed = ["state", "file", "size", "ready_at", "expires_at"]
    save_as(export, by=None, reason="ready", fields=changed)
    _tell(export, "export_ready")


@transaction.atomic
def _give_up(export: Export) -> None:
    try:
        _lock(export)
    except Export.DoesNotExist:
        return
    if export.state == ExportState.ASKED:
        export.state = ExportState.FAILED
        save_as(export, by=None, reason="failed", fields=["state"])
        _tell(export, "export_failed")


@transaction.atomic
def collect_export(export: Export, *, by: User | None, reason: str = "collected") -> FileResponse:
    """Note that the customer collects a copy, and hand it out.

    Raises ExportOver, FileUnreadable.
    """
    try:
        _lock(export)
    except Export.DoesNotExist as error:
        raise ExportOver(_over()) from error
    if not export.is_kept:
        raise ExportOver(_over())
    export.state, export.collected_at = ExportState.COLLECTED, timezone.now()
    save_as(export, by=by, reason=reason, fields=["state", "collected_at"])
    owner, *former = public_ids_of(export.customer)
    return as_attachment(
        str(export.file),
        owner=owner,
        former=former,
        name=export.file_name,
        content_type="application/zip",
    )


def _over() -> str:
    return _("This copy has been deleted. You can ask for a new one.")


def expire_exports(keys: Collection[int]) -> Erased:
    """Delete these copies (primary keys); that there were some stays until the customer goes.

    Call it in a transaction that holds them.
    """
    erased = Erased()
    for export in Export.objects.kept().filter(pk__in=keys):
        _expire(export, by=None, reason="expired")
        erased.files[DataCategory.ACCOUNT] += 1
    return erased


@ends_with_account
def _end_with_account(customer: Customer, by: User | None) -> None:
    _end_all(customer, by=by, reason="account closed")


@ends_with_reopening
def _end_with_reopening(customer: Customer, by: User | None) -> None:
    _end_all(customer, by=by, reason="account opened again")


def _end_all(customer: Customer, *, by: User | None, reason: str) -> None:
    for export in Export.objects.of(customer).filter(state__in=_NOT_OVER).select_for_update():
        _expire(export, by=by, reason=reason)


_NOT_OVER = (ExportState.ASKED, ExportState.READY, ExportState.COLLECTED)


def _expire(export: Export, *, by: User | None, reason: str) -> None:
    if export.file:
        doom_files([str(export.file)])
    export.state, export.file = ExportState.EXPIRED, ""
    save_as(export, by=by, reason=reason, fields=["state", "file"])


def _lock(export: Export) -> None:
    """Reload the row and hold it until the transaction ends.

    Raises Export.DoesNotExist.
    """
    export.refresh_from_db(from_queryset=Export.objects.select_for_update(of=("self",)))


def _tell(export: Export, template: str) -> None:
    kept_until = timezone.localdate(export.expires_at).isoformat() if export.expires_at else ""
    queue_notice(
        template,
        recipient=export.customer.public_id,
        key=f"export-{export.public_id}",
        kept_until=kept_until,
        customer=export.customer.public_id,
    )
