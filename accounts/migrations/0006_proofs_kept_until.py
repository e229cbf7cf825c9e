from django.db import migrations, models

# The day on which it goes becomes the last day on which it stays.
SHIFT = "UPDATE accounts_identityproof SET kept_until = kept_until - 1;"
BACK = "UPDATE accounts_identityproof SET kept_until = kept_until + 1;"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_index_keys_of_history'),
    ]

    operations = [
        migrations.RenameField('identityproof', 'erase_on', 'kept_until'),
        migrations.AlterField(
            model_name='identityproof',
            name='kept_until',
            field=models.DateField(db_index=True, verbose_name='kept until'),
        ),
        migrations.RunSQL(SHIFT, BACK),
        migrations.AddIndex(
            model_name='knowndevice',
            index=models.Index(fields=['first_seen_at'], name='known_device_first_seen'),
        ),
    ]
