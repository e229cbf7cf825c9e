"""Evidence that nobody could scan when it came, scanned later."""

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from casework.downloads import open_evidence
from casework.exceptions import CaseGone
from casework.models import EVIDENCE_INFECTED, Case, Evidence
from casework.services import add_event, lock_owner
from common import antivirus
from common.antivirus import ScannerUnavailable, ScanState
from common.encryption.sealing import DecryptionError
from common.errors import FileUnreadable
from common.history import save_as

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
SCAN_SECONDS = 60
MOST_FAILURES = 3  # one after the other: then the scanner is away, and the next run tries again


def scan_waiting_evidence() -> int:
    """Scan what waits, the newest first, and last what was tried before.

    Return how many verdicts there are now.
    """
    if not antivirus.can_scan():
        return 0
    waiting = Evidence.objects.filter(scan_state=ScanState.NOT_SCANNED)
    in_turn = waiting.order_by(F("scan_tried_at").asc(nulls_first=True), "-pk")
    done = failures = 0
    for key in list(in_turn.values_list("pk", flat=True)[:MOST_AT_ONCE]):
        try:
            done += _scan(key)
            failures = 0
        except ScannerUnavailable as error:
            logger.warning("evidence waits for the scanner: %s", error)
            _put_behind(key)
            failures += 1
            if failures == MOST_FAILURES:
                break
    return done


def _put_behind(key: int) -> None:
    Evidence.objects.filter(pk=key).update(scan_tried_at=timezone.now())


def _scan(key: int) -> bool:
    """Raises ScannerUnavailable."""
    evidence = Evidence.objects.select_related("case__customer").filter(pk=key).first()
    if evidence is None:
        return False
    try:
        with open_evidence(evidence) as content:
            state = antivirus.scan(content, seconds=SCAN_SECONDS)
    except (FileUnreadable, DecryptionError):
        _put_behind(key)
        return False  # what cannot be read cannot be downloaded either
    return _record(key, state)


@transaction.atomic
def _record(key: int, state: ScanState) -> bool:
    # The customer and the case first, as every step of a case takes them: nobody waits in a circle.
    case = Case.objects.filter(evidence=key).select_related("customer").first()
    try:
        if case is not None:
            lock_owner(case)
    except CaseGone:
        return False
    Case.objects.select_for_update(of=["self"]).filter(evidence=key).first()
    evidence = Evidence.objects.select_for_update(of=["self"]).filter(pk=key).first()
    if evidence is None or evidence.scan_state != ScanState.NOT_SCANNED:
        return False
    evidence.scan_state = state
    save_as(evidence, by=None, reason="scanned", fields=["scan_state"])
    if state == ScanState.INFECTED:
        add_event(evidence.case, EVIDENCE_INFECTED, by=None)
        logger.warning("stored evidence is in quarantine: a virus was found in it")
    return True
