"""Many writers beside the sealer, and a sealer that is killed. These tests commit."""

from pathlib import Path

from django.db import transaction

from access import tasks
from access.models import AccessRecord, AccessSeal, UnsealedRecord
from access.sealing import seal_records
from access.verification import verify_all
from privacyportal.roles import AUDITOR
from tests.access.test_sealing import look
from tests.factories import make_staff
from tests.processes import run_apart
from tests.threads import at_once

WRITERS, RECORDS = 16, 20
KILLED_BEFORE_THE_COPY = """
import os, signal
from access import outside_copy, tasks
outside_copy.copy_seals = lambda: os.kill(os.getpid(), signal.SIGKILL)
tasks.seal_records()
"""


def test_many_write_while_one_seals_and_a_killed_sealer_is_continued(portal, settings):
    officer = make_staff(AUDITOR)

    def write():
        for number in range(RECORDS):
            with transaction.atomic():
                look(officer, 1 + number % 3)

    def seal():
        return [seal_records() for _time in range(RECORDS)]

    with transaction.atomic():
        (late,) = look(officer)  # has the first number, and commits behind the others
        outcomes = at_once(*[write] * WRITERS, seal, seal)
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert late not in {number for seal in AccessSeal.objects.all() for number in seal.records}
    made = AccessSeal.objects.count()

    copy = Path(settings.ACCESS_SEALS_FILE)
    sealer = run_apart(KILLED_BEFORE_THE_COPY, ACCESS_SEALS_FILE=str(copy))
    assert sealer.wait() == -9
    assert (AccessSeal.objects.count(), copy.exists()) == (made + 1, False)
    tasks.seal_records()

    found = verify_all([copy])
    assert found.findings == []
    assert found.records == AccessRecord.objects.count() == WRITERS * 39 + 1
    assert found.compared == found.seals == made + 1
    assert not UnsealedRecord.objects.exists()
