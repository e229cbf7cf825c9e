"""The purge while its workers are killed and cut off, and people go on with what they do.

By hand with more: CHAOS_FAULTS=3000, and CHAOS_SEED to see the same again.
"""

import json
import os
import secrets
from collections import Counter

from django.db import transaction

from accounts.models import Customer
from common import personal_data
from common.erasure import erase_rows
from common.files import remove_doomed_files
from policies.counting import local_day
from retention import ledger
from retention.due import free_to_go
from retention.models import PurgeRun, Tombstone
from tests.processes import run_apart
from tests.retention.chaos import STEPS
from tests.retention.chaos_people import ACTIONS

FAULTS = int(os.environ.get("CHAOS_FAULTS", "300"))
SEED = int(os.environ.get("CHAOS_SEED", secrets.randbelow(10**6)))

PORTAL = "from retention import purge; run, steps = purge.purge_closed_accounts, chaos.STEPS"
NAIVE = """
from tests.retention import test_purge_chaos as naive
run, steps = naive.purge_naively, {"everything": (naive, "erase_naively")}
"""


def torment(tmp_path, purge, *, faults):
    """Return what came out for a purge, given as code that names its function and its steps."""
    report = tmp_path / "report"
    plan = f"chaos.Plan(run, steps, faults={faults}, seed={SEED})"
    apart = run_apart(
        f"from tests.retention import chaos\n{purge}\nchaos.main({plan}, {str(report)!r})",
        DJANGO_SETTINGS_MODULE="tests.settings",
        MEDIA_ROOT=str(tmp_path / "media"),
        ERASURE_LEDGER=str(tmp_path / "erasures"),
    )
    assert apart.wait() == 0
    return json.loads(report.read_text())


def test_whatever_falls_between_everybody_is_erased_whole_or_kept_whole(portal, tmp_path):
    report = torment(tmp_path, PORTAL, faults=FAULTS)

    assert "\n".join(report["violations"]) == ""
    faults = Counter(report["faults"])
    assert faults.total() == FAULTS
    places = [each.removeprefix("kill ") for each in faults if each.startswith("kill ")]
    assert len(places) == min(2 * len(STEPS), FAULTS // 9)
    assert {f"cut {place}" for place in places} <= faults.keys()
    assert faults.keys() >= ACTIONS.keys()


def purge_naively(*, at):
    """Erase as somebody might who thinks of nothing that happens meanwhile."""
    due = list(free_to_go(Customer.objects.kept_too_long(local_day(at))))
    erase_naively(due)
    remove_doomed_files()


def erase_naively(customers):
    if not customers:
        return
    run = PurgeRun.objects.create(only_reported=False, due=len(customers))
    for customer in customers:
        for step in personal_data.erasure_steps():
            step([customer.pk])
        for declaration in personal_data.children_first():
            with transaction.atomic():
                erase_rows([declaration], [customer.pk])
        Tombstone.objects.create(
            public_id=customer.public_id,
            opened_on=local_day(customer.opened_at),
            closed_on=local_day(customer.closed_at),
            retained_until=customer.kept_until,
            run=run,
        )
        run.erased += 1
        run.save()
        ledger.record()


def test_a_naive_purge_is_found_out(portal, tmp_path):
    report = torment(tmp_path, NAIVE, faults=24)

    assert sum(" lost " in violation for violation in report["violations"]) > 0, report
