import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

# A permit says what was looked at, so that nobody raises it afterwards.
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON retention_purgepermit
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
AWAY = "DROP TRIGGER append_only ON retention_purgepermit;"


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0004_guard_recipients'),
        ('retention', '0005_renew_statistics'),
        ('common', '0002_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalPurgePermit',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('up_to', models.PositiveIntegerField(verbose_name='at most')),
                ('permitted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='permitted')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical permit of a large deletion',
                'verbose_name_plural': 'historical permits of large deletions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='PurgePermit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('up_to', models.PositiveIntegerField(verbose_name='at most')),
                ('permitted_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='permitted')),
            ],
            options={
                'verbose_name': 'permit of a large deletion',
                'verbose_name_plural': 'permits of large deletions',
            },
        ),
        migrations.RemoveIndex(
            model_name='purgerun',
            name='purgerun_in_doubt',
        ),
        migrations.AddField(
            model_name='purgerun',
            name='doubts',
            field=models.JSONField(default=dict, verbose_name='in doubt'),
        ),
        migrations.AddField(
            model_name='purgerun',
            name='files',
            field=models.JSONField(default=dict, verbose_name='files removed'),
        ),
        migrations.AddField(
            model_name='purgerun',
            name='going',
            field=models.PositiveIntegerField(default=0, verbose_name='to be erased'),
        ),
        migrations.AddField(
            model_name='purgerun',
            name='rows',
            field=models.JSONField(default=dict, verbose_name='rows removed, by category'),
        ),
        migrations.AddField(
            model_name='purgerun',
            name='searches',
            field=models.BooleanField(default=True, verbose_name='is searched for residue'),
        ),
        migrations.AddIndex(
            model_name='purgerun',
            index=models.Index(condition=models.Q(models.Q(('residue', []), _negated=True), models.Q(('erased__gt', 0), ('searched_at', None), ('searches', True)), _connector='OR'), fields=['started_at'], name='purgerun_in_doubt'),
        ),
        migrations.AddField(
            model_name='historicalpurgepermit',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalpurgepermit',
            name='permitted_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='permitted by'),
        ),
        migrations.AddField(
            model_name='historicalpurgepermit',
            name='run',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.purgerun', verbose_name='run'),
        ),
        migrations.AddField(
            model_name='purgepermit',
            name='permitted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='permitted by'),
        ),
        migrations.AddField(
            model_name='purgepermit',
            name='run',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='permit', to='retention.purgerun', verbose_name='run'),
        ),
        migrations.RunSQL(APPEND_ONLY, AWAY),
    ]
