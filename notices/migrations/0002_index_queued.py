from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('state', 'queued'), _negated=True), fields=['queued_at'], name='notice_queued'),
        ),
    ]
