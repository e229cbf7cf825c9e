import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0020_service_ends_append_only'),
        ('retention', '0003_index_early_tombstones'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalNecessityReview',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('asked_on', models.DateField(verbose_name='asked on')),
                ('decision', models.CharField(blank=True, choices=[('keep', 'still necessary'), ('unnecessary', 'no longer necessary')], max_length=20, verbose_name='decision')),
                ('reason', models.TextField(blank=True, max_length=500, verbose_name='reason')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('ask_again_on', models.DateField(null=True, verbose_name='asked again on')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('customer', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.customer', verbose_name='customer')),
                ('decided_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical review of an idle account',
                'verbose_name_plural': 'historical reviews of idle accounts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='NecessityReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_on', models.DateField(verbose_name='asked on')),
                ('decision', models.CharField(blank=True, choices=[('keep', 'still necessary'), ('unnecessary', 'no longer necessary')], max_length=20, verbose_name='decision')),
                ('reason', models.TextField(blank=True, max_length=500, verbose_name='reason')),
                ('decided_at', models.DateTimeField(null=True, verbose_name='decided')),
                ('ask_again_on', models.DateField(null=True, verbose_name='asked again on')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='necessity_reviews', to='accounts.customer', verbose_name='customer')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'review of an idle account',
                'verbose_name_plural': 'reviews of idle accounts',
                'ordering': ['asked_on', 'pk'],
                'indexes': [models.Index(condition=models.Q(('decision', '')), fields=['asked_on'], name='necessityreview_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('decision', '')), fields=('customer',), name='necessityreview_one_waits'), models.CheckConstraint(condition=models.Q(models.Q(('ask_again_on', None), ('decided_at', None), ('decided_by', None), ('decision', ''), ('reason', '')), models.Q(models.Q(('decision', ''), _negated=True), models.Q(('reason', ''), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='necessityreview_decided_by_somebody_for_a_reason')],
            },
        ),
    ]
