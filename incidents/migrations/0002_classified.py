
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicalunauthoriseduse',
            name='complexity',
            field=models.CharField(blank=True, choices=[('simple', 'simple'), ('ordinary', 'ordinary'), ('complex', 'complex')], editable=False, max_length=10, verbose_name='complexity'),
        ),
        migrations.AddField(
            model_name='historicalunauthoriseduse',
            name='severity',
            field=models.CharField(blank=True, choices=[('low', 'low'), ('medium', 'medium'), ('high', 'high')], editable=False, max_length=10, verbose_name='severity'),
        ),
        migrations.AddField(
            model_name='historicalunauthoriseduse',
            name='waiting_since',
            field=models.DateTimeField(editable=False, null=True, verbose_name='waiting since'),
        ),
    ]
