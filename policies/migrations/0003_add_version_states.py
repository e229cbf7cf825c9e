import django.core.validators
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('policies', '0002_superseded_before_its_first_day'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='profile_sha256',
            field=models.CharField(blank=True, max_length=64, verbose_name='fingerprint of the profile as loaded'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='profile_sha256',
            field=models.CharField(blank=True, max_length=64, verbose_name='fingerprint of the profile as loaded'),
        ),
        migrations.CreateModel(
            name='HistoricalPolicyText',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('language', models.CharField(choices=[('vi', 'Tiếng Việt'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('body', models.TextField(verbose_name='text')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical policy text',
                'verbose_name_plural': 'historical policy texts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AlterModelOptions(
            name='policyversion',
            options={'ordering': [models.OrderBy(models.F('effective_on'), descending=True, nulls_first=True), '-pk'], 'verbose_name': 'policy version', 'verbose_name_plural': 'policy versions'},
        ),
        migrations.RemoveConstraint(
            model_name='policyversion',
            name='policyversion_effective_after_publishing',
        ),
        migrations.AddField(
            model_name='historicalofficialday',
            name='confirmed_at',
            field=models.DateTimeField(null=True, verbose_name='confirmed'),
        ),
        migrations.AddField(
            model_name='historicalofficialday',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by'),
        ),
        migrations.AddField(
            model_name='historicalofficialday',
            name='document',
            field=models.CharField(blank=True, help_text='Number and date of the announcement.', max_length=100, verbose_name='document'),
        ),
        migrations.AddField(
            model_name='historicalofficialday',
            name='status',
            field=models.CharField(choices=[('proposed', 'proposed, to be confirmed'), ('provisional', 'provisional: not announced officially yet'), ('official', 'official')], default='official', max_length=12, verbose_name='status'),
        ),
        migrations.AddField(
            model_name='historicalofficialday',
            name='swapped_with',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.officialday', verbose_name='swapped with'),
        ),
        migrations.AddField(
            model_name='historicalpolicyversion',
            name='notice_days',
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='notice, in days'),
        ),
        migrations.AddField(
            model_name='historicalpolicyversion',
            name='published_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='published'),
        ),
        migrations.AddField(
            model_name='historicalpolicyversion',
            name='published_by',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='compared the languages and published'),
        ),
        migrations.AddField(
            model_name='historicalpolicyversion',
            name='significance',
            field=models.CharField(choices=[('minor', 'minor: shown on the site'), ('significant', 'significant: every customer gets a mail and is asked')], default='significant', help_text='Significant if it changes what customers may expect.', max_length=12, verbose_name='significance'),
        ),
        migrations.AddField(
            model_name='historicalpurpose',
            name='is_required',
            field=models.BooleanField(default=True, help_text='The service cannot be provided without it; never so where consent is asked.', verbose_name='required'),
        ),
        migrations.AddField(
            model_name='officialday',
            name='confirmed_at',
            field=models.DateTimeField(null=True, verbose_name='confirmed'),
        ),
        migrations.AddField(
            model_name='officialday',
            name='confirmed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='confirmed by'),
        ),
        migrations.AddField(
            model_name='officialday',
            name='document',
            field=models.CharField(blank=True, help_text='Number and date of the announcement.', max_length=100, verbose_name='document'),
        ),
        migrations.AddField(
            model_name='officialday',
            name='status',
            field=models.CharField(choices=[('proposed', 'proposed, to be confirmed'), ('provisional', 'provisional: not announced officially yet'), ('official', 'official')], default='official', max_length=12, verbose_name='status'),
        ),
        migrations.AddField(
            model_name='officialday',
            name='swapped_with',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='policies.officialday', verbose_name='swapped with'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='notice_days',
            field=models.PositiveSmallIntegerField(editable=False, null=True, verbose_name='notice, in days'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='published_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='published'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='published_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='compared the languages and published'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='significance',
            field=models.CharField(choices=[('minor', 'minor: shown on the site'), ('significant', 'significant: every customer gets a mail and is asked')], default='significant', help_text='Significant if it changes what customers may expect.', max_length=12, verbose_name='significance'),
        ),
        migrations.AddField(
            model_name='purpose',
            name='is_required',
            field=models.BooleanField(default=True, help_text='The service cannot be provided without it; never so where consent is asked.', verbose_name='required'),
        ),
        migrations.AlterField(
            model_name='historicalpolicyversion',
            name='effective_on',
            field=models.DateField(editable=False, null=True, verbose_name='in effect from'),
        ),
        migrations.AlterField(
            model_name='historicalpolicyversion',
            name='number',
            field=models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^[0-9][0-9A-Za-z.-]*$', 'Begin with a digit; then digits, letters, . and -.')], verbose_name='number'),
        ),
        migrations.AlterField(
            model_name='historicalpolicyversion',
            name='summary_vi',
            field=models.TextField(help_text='In plain words, for customers.', verbose_name='what changed (Vietnamese)'),
        ),
        migrations.AlterField(
            model_name='policyversion',
            name='effective_on',
            field=models.DateField(editable=False, null=True, verbose_name='in effect from'),
        ),
        migrations.AlterField(
            model_name='policyversion',
            name='number',
            field=models.CharField(max_length=20, validators=[django.core.validators.RegexValidator('^[0-9][0-9A-Za-z.-]*$', 'Begin with a digit; then digits, letters, . and -.')], verbose_name='number'),
        ),
        migrations.AlterField(
            model_name='policyversion',
            name='summary_vi',
            field=models.TextField(help_text='In plain words, for customers.', verbose_name='what changed (Vietnamese)'),
        ),
        migrations.AddField(
            model_name='historicalpolicytext',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalpolicytext',
            name='version',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.policyversion', verbose_name='version'),
        ),
    ]
