import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_index_keys_of_history'),
        ('rights', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='CopyCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(blank=True, editable=False, max_length=64)),
                ('code_sent_at', models.DateTimeField(editable=False, null=True)),
                ('codes_sent', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('code_tries', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('customer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'code for a copy',
                'verbose_name_plural': 'codes for copies',
            },
        ),
    ]
