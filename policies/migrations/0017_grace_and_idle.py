from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0016_tighten_result_control'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='grace_days',
            field=models.PositiveSmallIntegerField(default=7, help_text='So long a customer can open a closed account again. 0: not at all.', verbose_name="time to change one's mind, in days"),
        ),
        migrations.AddField(
            model_name='company',
            name='idle_months',
            field=models.PositiveSmallIntegerField(default=24, help_text='Then somebody decides whether its data is still necessary.', verbose_name='an account is idle after, in months'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='grace_days',
            field=models.PositiveSmallIntegerField(default=7, help_text='So long a customer can open a closed account again. 0: not at all.', verbose_name="time to change one's mind, in days"),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='idle_months',
            field=models.PositiveSmallIntegerField(default=24, help_text='Then somebody decides whether its data is still necessary.', verbose_name='an account is idle after, in months'),
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('idle_months__gte', 1)), name='company_idle_months'),
        ),
    ]
