from django.db import migrations, models

ACTIVE_CONTENT = models.BooleanField(
    default=False,
    help_text="It may run, load or hold something, or cannot be looked through.",
    verbose_name="active content",
)


class Migration(migrations.Migration):
    dependencies = [("casework", "0007_messages_append_only")]

    operations = [
        migrations.AlterField(
            "evidence", "content_type", models.CharField(max_length=100, verbose_name="type")
        ),
        migrations.AlterField(
            "historicalevidence",
            "content_type",
            models.CharField(max_length=100, verbose_name="type"),
        ),
        migrations.AddField("evidence", "has_active_content", ACTIVE_CONTENT),
        migrations.AddField("historicalevidence", "has_active_content", ACTIVE_CONTENT.clone()),
    ]
