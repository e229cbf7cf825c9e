import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_kept_until'),
        ('policies', '0005_tighten_version_states'),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyAnnouncement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('total', models.PositiveIntegerField(verbose_name='customers at the start')),
                ('queued', models.PositiveIntegerField(default=0, verbose_name='mails written')),
                ('last_customer', models.BigIntegerField(default=0, verbose_name='passed')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='all written')),
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='announcement', to='policies.policyversion', verbose_name='policy version')),
            ],
            options={
                'verbose_name': 'policy announcement',
                'verbose_name_plural': 'policy announcements',
                'ordering': ['-pk'],
            },
        ),
    ]
