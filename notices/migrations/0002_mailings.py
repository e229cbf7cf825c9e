from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='notice',
            name='notice_due',
        ),
        migrations.AddField(
            model_name='notice',
            name='mailing',
            field=models.CharField(blank=True, max_length=30, verbose_name='mailing'),
        ),
        migrations.AddField(
            model_name='notice',
            name='priority',
            field=models.PositiveSmallIntegerField(choices=[(0, 'at once'), (1, 'mailing')], default=0, verbose_name='priority'),
        ),
        migrations.AddField(
            model_name='notice',
            name='seen_at',
            field=models.DateTimeField(null=True, verbose_name='seen'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('state', 'queued')), fields=['priority', 'send_after'], name='notice_due'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('mailing', ''), _negated=True), fields=['mailing', 'state', 'seen_at'], name='notice_mailing'),
        ),
    ]
