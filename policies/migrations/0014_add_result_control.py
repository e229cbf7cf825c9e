from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0013_consent_months_and_newsletter"),
    ]

    operations = [
        migrations.AddField(
            model_name="promiseresult",
            name="control",
            field=models.SlugField(db_index=False, default="", max_length=40, verbose_name="control"),
            preserve_default=False,
        ),
    ]
