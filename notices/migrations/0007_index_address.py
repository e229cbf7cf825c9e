from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0006_text_messages"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("address", ""), _negated=True),
                fields=["address"],
                name="notice_address",
            ),
        ),
    ]
