from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notices', '0004_outcome_order'),
    ]

    operations = [
        migrations.AddField(
            model_name='notice',
            name='purpose',
            field=models.SlugField(blank=True, max_length=40, verbose_name='purpose'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='outcome',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(seen_at__isnull=False, then=models.Value('seen')), default=models.F('state')), output_field=models.CharField(choices=[('failed', 'failed'), ('queued', 'queued'), ('sent', 'sent'), ('seen', 'seen'), ('dropped', 'dropped: the recipient is gone'), ('refused', 'not sent: consent withdrawn')], max_length=10), verbose_name='outcome'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='state',
            field=models.CharField(choices=[('queued', 'queued'), ('sent', 'sent'), ('failed', 'failed'), ('dropped', 'dropped: the recipient is gone'), ('refused', 'not sent: consent withdrawn')], default='queued', max_length=10, verbose_name='state'),
        ),
    ]
