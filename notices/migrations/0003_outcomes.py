from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0002_mailings'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='notice',
            name='notice_mailing',
        ),
        migrations.AddField(
            model_name='notice',
            name='outcome',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(seen_at__isnull=False, then=models.Value('seen')), default=models.F('state')), output_field=models.CharField(choices=[('failed', 'failed'), ('queued', 'queued'), ('sent', 'sent'), ('seen', 'seen'), ('dropped', 'dropped: the recipient is gone')], max_length=10), verbose_name='outcome'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('mailing', ''), _negated=True), fields=['mailing', 'outcome', 'id'], name='notice_outcome'),
        ),
    ]
