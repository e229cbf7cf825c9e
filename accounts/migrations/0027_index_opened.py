from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_phone_verification"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["opened_at"], name="customer_opened"),
        ),
    ]
