from datetime import timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from common.jobs import all_jobs
from common.models import JobStatus
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from tests.factories import make_staff

JOBS = "/admin/common/jobstatus/"


def reports(client):
    return {report.name: report for report in client.get(JOBS).context_data["reports"]}


def test_a_job_that_never_ran_is_late_once_its_time_is_over(client, db):
    client.force_login(make_staff(DPO))
    MigrationRecorder.Migration.objects.update(applied=timezone.now())
    JobStatus.objects.create(name="notices.sweep_notices", error="OSError")

    shown = reports(client)
    assert set(shown) == {job.name for job in all_jobs()}
    assert [name for name, report in shown.items() if report.is_late] == ["notices.sweep_notices"]

    MigrationRecorder.Migration.objects.update(applied=timezone.now() - timedelta(days=2))
    assert {report.is_late for report in reports(client).values()} == {True}


@pytest.mark.parametrize(("behind", "is_late"), [(1, False), (9, False), (12, True)])
def test_a_job_is_late_when_its_last_success_is_too_far_back(behind, is_late, client, db):
    client.force_login(make_staff(DPO))
    moment = timezone.now() - timedelta(minutes=behind)
    JobStatus.objects.create(
        name="notices.sweep_notices", succeeded_at=moment, succeeded_for=moment, error="OSError"
    )

    report = reports(client)["notices.sweep_notices"]

    assert (report.is_late, report.succeeded_at, report.error) == (is_late, moment, "OSError")


@pytest.mark.parametrize(
    ("role", "status"),
    [(DPO, 200), (AUDITOR, 200), (ADMINISTRATOR, 200), (COMPLAINT_OFFICER, 403)],
)
def test_who_sees_the_jobs(role, status, client, db):
    client.force_login(make_staff(role))

    assert client.get(JOBS).status_code == status
