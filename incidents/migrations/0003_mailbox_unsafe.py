from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_classified")]

    operations = [
        migrations.AddField(
            model_name="historicalunauthoriseduse",
            name="mailbox_unsafe",
            field=models.BooleanField(
                default=False, editable=False, verbose_name="mailbox in doubt"
            ),
        ),
        migrations.AddField(
            model_name="unauthoriseduse",
            name="mailbox_unsafe",
            field=models.BooleanField(
                default=False, editable=False, verbose_name="mailbox in doubt"
            ),
        ),
    ]
