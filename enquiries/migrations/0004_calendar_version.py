from django.db import migrations, models

CALENDAR_VERSION = models.PositiveIntegerField(
    default=0, editable=False, verbose_name="counted by calendar"
)


class Migration(migrations.Migration):
    dependencies = [("enquiries", "0003_own_clock")]

    operations = [
        migrations.AddField("enquiry", "calendar_version", CALENDAR_VERSION),
        migrations.AddField("historicalenquiry", "calendar_version", CALENDAR_VERSION.clone()),
    ]
