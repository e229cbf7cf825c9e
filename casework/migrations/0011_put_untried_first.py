from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    dependencies = [("casework", "0010_own_clock")]

    operations = [
        migrations.AddField(
            "evidence",
            "scan_tried_at",
            models.DateTimeField(editable=False, null=True, verbose_name="scan tried"),
        ),
        migrations.RemoveIndex("evidence", "evidence_not_scanned"),
        migrations.AddIndex(
            "evidence",
            models.Index(
                F("scan_tried_at").asc(nulls_first=True),
                F("id").desc(),
                name="evidence_waits_for_scan",
                condition=models.Q(("scan_state", "not_scanned")),
            ),
        ),
    ]
