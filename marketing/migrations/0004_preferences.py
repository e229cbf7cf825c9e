import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0018_declarations_append_only'),
        ('marketing', '0003_issues_stay_as_sent'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalPreference',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('statistics', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='statistics')),
                ('personalisation', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='personalisation')),
                ('advertising', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='following behaviour for advertising')),
                ('ads', models.CharField(choices=[('personalised', 'Chosen for me'), ('general', 'The same as for everybody'), ('none', 'No advertising')], default='general', max_length=12, verbose_name='how advertising appears')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('customer', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.customer', verbose_name='customer')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical preference',
                'verbose_name_plural': 'historical preferences',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statistics', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='statistics')),
                ('personalisation', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='personalisation')),
                ('advertising', models.BooleanField(choices=[(True, 'allowed'), (False, 'refused')], default=False, verbose_name='following behaviour for advertising')),
                ('ads', models.CharField(choices=[('personalised', 'Chosen for me'), ('general', 'The same as for everybody'), ('none', 'No advertising')], default='general', max_length=12, verbose_name='how advertising appears')),
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='preference', to='accounts.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'preference',
                'verbose_name_plural': 'preferences',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('ads', 'personalised'), _negated=True), ('advertising', True), _connector='OR'), name='preference_personalised_needs_following')],
            },
        ),
    ]
