from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0009_unconfirmed"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("state__in", ("resolved", "withdrawn")), _negated=True),
                fields=["state"],
                name="complaint_unsettled",
            ),
        ),
    ]
