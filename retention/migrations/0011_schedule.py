import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0005_more_categories'),
        ('retention', '0010_parts_and_reviews'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='purgerun',
            name='due',
            field=models.PositiveIntegerField(default=0, verbose_name='due'),
        ),
        migrations.AlterField(
            model_name='purgerun',
            name='erased',
            field=models.PositiveIntegerField(default=0, verbose_name='erased'),
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
            ],
            options={
                'verbose_name': 'schedule',
                'verbose_name_plural': 'schedule of deletions',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('policies.retentionrule',),
        ),
        migrations.CreateModel(
            name='HistoricalRetentionDecision',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('delete', 'delete as promised: that law is not about this data'), ('store', "store only, until the law's day is over")], max_length=10, verbose_name='decision')),
                ('reason', models.TextField(max_length=500, verbose_name='reason')),
                ('decided_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='decided')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('decided_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('promise', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.retentionrule', verbose_name='promise')),
                ('statute', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.retentionrule', verbose_name='law')),
            ],
            options={
                'verbose_name': 'historical decision on a conflict',
                'verbose_name_plural': 'historical decisions on conflicts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='RetentionStatistic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20, verbose_name='data')),
                ('month', models.DateField(verbose_name='month')),
                ('facet', models.CharField(blank=True, max_length=100, verbose_name='what they were')),
                ('number', models.PositiveIntegerField(default=0, verbose_name='number')),
            ],
            options={
                'verbose_name': 'statistic of deleted data',
                'verbose_name_plural': 'statistics of deleted data',
                'ordering': ['category', '-month', 'facet'],
                'constraints': [models.UniqueConstraint(fields=('category', 'month', 'facet'), name='retentionstatistic_once')],
            },
        ),
        migrations.CreateModel(
            name='RetentionDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('delete', 'delete as promised: that law is not about this data'), ('store', "store only, until the law's day is over")], max_length=10, verbose_name='decision')),
                ('reason', models.TextField(max_length=500, verbose_name='reason')),
                ('decided_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='decided')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('promise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.retentionrule', verbose_name='promise')),
                ('statute', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.retentionrule', verbose_name='law')),
            ],
            options={
                'verbose_name': 'decision on a conflict',
                'verbose_name_plural': 'decisions on conflicts',
                'constraints': [models.UniqueConstraint(fields=('promise', 'statute'), name='retentiondecision_once'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='retentiondecision_for_a_reason')],
            },
        ),
    ]
