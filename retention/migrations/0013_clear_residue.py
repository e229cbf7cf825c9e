import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models

# What was said of residue is not said anew when more is found.
APPEND_ONLY = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON retention_residueclearing
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
AWAY = "DROP TRIGGER append_only ON retention_residueclearing;"


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0012_what_a_first_run_took'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalResidueClearing',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('residue', models.JSONField(default=list, verbose_name='residue')),
                ('reason', models.TextField(max_length=500, verbose_name='reason')),
                ('cleared_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='cleared')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('cleared_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cleared by')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('run', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='retention.purgerun', verbose_name='run')),
            ],
            options={
                'verbose_name': 'historical clearing of residue',
                'verbose_name_plural': 'historical clearings of residue',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ResidueClearing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('residue', models.JSONField(default=list, verbose_name='residue')),
                ('reason', models.TextField(max_length=500, verbose_name='reason')),
                ('cleared_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='cleared')),
                ('cleared_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='cleared by')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clearings', to='retention.purgerun', verbose_name='run')),
            ],
            options={
                'verbose_name': 'clearing of residue',
                'verbose_name_plural': 'clearings of residue',
                'constraints': [models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='residueclearing_for_a_reason')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, AWAY),
    ]
