from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):

    dependencies = [
        ("notices", "0003_outcomes"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="notice",
            name="notice_outcome",
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                F("mailing"),
                F("outcome"),
                F("id") + 0,
                condition=~Q(mailing=""),
                name="notice_outcome",
            ),
        ),
    ]
