from django.db import migrations, models

SCAN_STATE = models.CharField(
    choices=[
        ("not_scanned", "not scanned for viruses"),
        ("clean", "no virus found"),
        ("infected", "virus found"),
    ],
    default="not_scanned",
    max_length=20,
    verbose_name="virus scan",
)


class Migration(migrations.Migration):
    dependencies = [("casework", "0008_widen_evidence")]

    operations = [
        migrations.AddField("evidence", "scan_state", SCAN_STATE),
        migrations.AddField("historicalevidence", "scan_state", SCAN_STATE.clone()),
        migrations.AddIndex(
            "evidence",
            models.Index(
                name="evidence_not_scanned",
                fields=["-id"],
                condition=models.Q(("scan_state", "not_scanned")),
            ),
        ),
    ]
