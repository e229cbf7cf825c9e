from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('hosting', '0003_hold_keeps_confirmations'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='backuprequest',
            index=models.Index(condition=models.Q(('withdrawn_at__isnull', False)), fields=['service'], name='backuprequest_taken_back'),
        ),
    ]
