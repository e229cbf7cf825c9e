
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0018_declared_fields'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='assignment',
            field=models.CharField(choices=[('by_hand', 'wait until somebody takes them'), ('least_open', 'go to the officer with the fewest open ones')], default='by_hand', max_length=20, verbose_name='new complaints'),
        ),
        migrations.AddField(
            model_name='company',
            name='dpo_after_days',
            field=models.PositiveSmallIntegerField(default=2, verbose_name='the data protection officers are told of a late case after, in working days'),
        ),
        migrations.AddField(
            model_name='company',
            name='due_soon_days',
            field=models.PositiveSmallIntegerField(default=3, help_text='Then its handler is reminded.', verbose_name='a case is due soon before its last day, in working days'),
        ),
        migrations.AddField(
            model_name='company',
            name='lead_after_days',
            field=models.PositiveSmallIntegerField(default=0, verbose_name="the team's lead is told of a late case after, in working days"),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='assignment',
            field=models.CharField(choices=[('by_hand', 'wait until somebody takes them'), ('least_open', 'go to the officer with the fewest open ones')], default='by_hand', max_length=20, verbose_name='new complaints'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='dpo_after_days',
            field=models.PositiveSmallIntegerField(default=2, verbose_name='the data protection officers are told of a late case after, in working days'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='due_soon_days',
            field=models.PositiveSmallIntegerField(default=3, help_text='Then its handler is reminded.', verbose_name='a case is due soon before its last day, in working days'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='lead_after_days',
            field=models.PositiveSmallIntegerField(default=0, verbose_name="the team's lead is told of a late case after, in working days"),
        ),
        migrations.AddField(
            model_name='historicaltimelimit',
            name='may_pause',
            field=models.BooleanField(default=False, help_text='Only where the published policy or the law says so.', verbose_name='stands still while the customer is asked'),
        ),
        migrations.AddField(
            model_name='historicaltimelimit',
            name='ordinary',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='at most, in an ordinary case'),
        ),
        migrations.AddField(
            model_name='timelimit',
            name='may_pause',
            field=models.BooleanField(default=False, help_text='Only where the published policy or the law says so.', verbose_name='stands still while the customer is asked'),
        ),
        migrations.AddField(
            model_name='timelimit',
            name='ordinary',
            field=models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='at most, in an ordinary case'),
        ),
        migrations.AddConstraint(
            model_name='timelimit',
            constraint=models.CheckConstraint(condition=models.Q(('ordinary', None), models.Q(('minimum__isnull', False), ('ordinary__gte', models.F('minimum')), ('ordinary__lte', models.F('maximum'))), _connector='OR'), name='timelimit_ordinary'),
        ),
    ]
