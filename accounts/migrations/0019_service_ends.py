import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0018_declarations_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='reported')),
                ('ended', models.PositiveIntegerField(verbose_name='accounts closed')),
                ('refused', models.PositiveIntegerField(verbose_name='lines refused')),
            ],
            options={
                'verbose_name': 'report of ended services',
                'verbose_name_plural': 'reports of ended services',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ServiceEnd',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ended_on', models.DateField(verbose_name='service ended on')),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='recorded')),
                ('by', models.ForeignKey(help_text='Nobody: the hosting system reported it.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='service_ends', to='accounts.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'end of a service',
                'verbose_name_plural': 'ends of services',
                'ordering': ['-pk'],
            },
        ),
    ]
