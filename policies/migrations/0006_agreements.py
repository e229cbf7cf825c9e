import django.contrib.postgres.fields
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('policies', '0005_tighten_version_states'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Agreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=100, verbose_name='number of the agreement')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid until')),
                ('file', models.FileField(upload_to='agreements/', verbose_name='signed document')),
                ('file_name', models.CharField(max_length=100, verbose_name='file name')),
                ('file_sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('added_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
            ],
            options={
                'verbose_name': 'agreement',
                'verbose_name_plural': 'agreements',
                'ordering': ['-valid_from', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalAgreement',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('reference', models.CharField(max_length=100, verbose_name='number of the agreement')),
                ('valid_from', models.DateField(verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid until')),
                ('file', models.TextField(max_length=100, verbose_name='signed document')),
                ('file_name', models.CharField(max_length=100, verbose_name='file name')),
                ('file_sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('added_at', models.DateTimeField(blank=True, editable=False, verbose_name='added')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical agreement',
                'verbose_name_plural': 'historical agreements',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalRecipient_purposes',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('m2m_history_id', models.AutoField(primary_key=True, serialize=False)),
            ],
            options={
                'verbose_name': 'HistoricalRecipient_purposes',
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name='historicalrecipient',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access')], max_length=20), blank=True, default=list, size=None, verbose_name='data received'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access')], max_length=20), blank=True, default=list, size=None, verbose_name='data received'),
        ),
        migrations.AddField(
            model_name='recipient',
            name='purposes',
            field=models.ManyToManyField(blank=True, related_name='recipients', to='policies.purpose', verbose_name='purposes'),
        ),
        migrations.AddField(
            model_name='agreement',
            name='added_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by'),
        ),
        migrations.AddField(
            model_name='agreement',
            name='recipient',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='agreements', to='policies.recipient', verbose_name='recipient'),
        ),
        migrations.AddField(
            model_name='historicalagreement',
            name='added_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='added by'),
        ),
        migrations.AddField(
            model_name='historicalagreement',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalagreement',
            name='recipient',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.recipient', verbose_name='recipient'),
        ),
        migrations.AddField(
            model_name='historicalrecipient_purposes',
            name='history',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, to='policies.historicalrecipient'),
        ),
        migrations.AddField(
            model_name='historicalrecipient_purposes',
            name='purpose',
            field=models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.purpose'),
        ),
        migrations.AddField(
            model_name='historicalrecipient_purposes',
            name='recipient',
            field=models.ForeignKey(blank=True, db_constraint=False, db_tablespace='', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.recipient'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.CheckConstraint(condition=models.Q(('valid_to', None), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='agreement_validity'),
        ),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=models.UniqueConstraint(fields=('recipient', 'reference'), name='agreement_reference'),
        ),
    ]
