from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('retention', '0014_hold_keeps_parts'),
    ]

    operations = [
        migrations.AddField(
            model_name='historicallegalhold',
            name='release',
            field=models.TextField(blank=True, max_length=2000, verbose_name='no longer needed because'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='release',
            field=models.TextField(blank=True, max_length=2000, verbose_name='no longer needed because'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(('release', ''), ('released_at__isnull', False), _connector='OR'), name='legalhold_says_why_once_released'),
        ),
    ]
