
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enquiries', '0002_index_keys'),
        ('policies', '0025_own_clock'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='enquiry',
            name='explanation',
            field=models.JSONField(editable=False, null=True, verbose_name='how it was counted'),
        ),
        migrations.AddField(
            model_name='enquiry',
            name='late_from',
            field=models.DateTimeField(editable=False, null=True, verbose_name='late from'),
        ),
        migrations.AddField(
            model_name='enquiry',
            name='limit',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.timelimit', verbose_name='time limit'),
        ),
        migrations.AddField(
            model_name='historicalenquiry',
            name='explanation',
            field=models.JSONField(editable=False, null=True, verbose_name='how it was counted'),
        ),
        migrations.AddField(
            model_name='historicalenquiry',
            name='late_from',
            field=models.DateTimeField(editable=False, null=True, verbose_name='late from'),
        ),
        migrations.AddField(
            model_name='historicalenquiry',
            name='limit',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.timelimit', verbose_name='time limit'),
        ),
        migrations.AddIndex(
            model_name='enquiry',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['late_from'], name='enquiry_late'),
        ),
    ]
