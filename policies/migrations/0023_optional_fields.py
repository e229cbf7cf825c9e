import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0022_fingerprint_of_statute'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='optional_fields',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='What is in neither list is not asked for.', size=None, verbose_name='details that customers may give'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='optional_fields',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, help_text='What is in neither list is not asked for.', size=None, verbose_name='details that customers may give'),
        ),
    ]
