from django.db import migrations, models

from common.encryption.fields import KeyId


class Migration(migrations.Migration):
    dependencies = [
        ("enquiries", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="enquiry",
            index=models.Index(KeyId(column), name=f"enquiry_{column}_key"),
        )
        for column in ("name", "email", "phone", "message", "answer")
    ]
