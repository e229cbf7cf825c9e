import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('policies', '0007_no_overlapping_rules'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalPromise',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('code', models.CharField(db_index=True, max_length=10, verbose_name='code')),
                ('text_vi', models.TextField(verbose_name='text (Vietnamese)')),
                ('text_en', models.TextField(verbose_name='text (English)')),
                ('control', models.SlugField(max_length=40, verbose_name='control')),
                ('parameters', models.JSONField(blank=True, default=dict, verbose_name='parameters')),
                ('position', models.PositiveSmallIntegerField(help_text='As in the policy.', verbose_name='position')),
                ('retired_on', models.DateField(blank=True, null=True, verbose_name='no longer promised since')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical promise',
                'verbose_name_plural': 'historical promises',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Promise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=10, unique=True, verbose_name='code')),
                ('text_vi', models.TextField(verbose_name='text (Vietnamese)')),
                ('text_en', models.TextField(verbose_name='text (English)')),
                ('control', models.SlugField(max_length=40, verbose_name='control')),
                ('parameters', models.JSONField(blank=True, default=dict, verbose_name='parameters')),
                ('position', models.PositiveSmallIntegerField(help_text='As in the policy.', verbose_name='position')),
                ('retired_on', models.DateField(blank=True, null=True, verbose_name='no longer promised since')),
            ],
            options={
                'verbose_name': 'promise',
                'verbose_name_plural': 'promises',
                'ordering': ['position', 'code'],
            },
        ),
        migrations.CreateModel(
            name='PromiseResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('status', models.CharField(choices=[('broken', 'broken'), ('at_risk', 'at risk'), ('not_measured', 'not measured'), ('kept', 'kept'), ('not_applicable', 'not applicable')], max_length=20, verbose_name='status')),
                ('figure', models.DecimalField(decimal_places=1, max_digits=14, null=True, verbose_name='figure')),
                ('unit', models.CharField(blank=True, max_length=20, verbose_name='unit')),
                ('measured_at', models.DateTimeField(verbose_name='measured')),
            ],
            options={
                'verbose_name': 'result of a promise',
                'verbose_name_plural': 'results of promises',
                'ordering': ['day'],
            },
        ),
        migrations.AddField(
            model_name='historicalpromise',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='promiseresult',
            name='promise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='policies.promise', verbose_name='promise'),
        ),
        migrations.AddConstraint(
            model_name='promiseresult',
            constraint=models.UniqueConstraint(fields=('promise', 'day'), name='promiseresult_one_a_day'),
        ),
    ]
