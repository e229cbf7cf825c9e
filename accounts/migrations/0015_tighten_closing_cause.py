from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_fill_closing_cause'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='customer',
            name='customer_closed_knows_its_last_day',
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closing_cause', ''), ('closing_rule', None), ('kept_until', None)), models.Q(('closed_at__isnull', False), ('closing_rule__isnull', False), ('kept_until__isnull', False), models.Q(('closing_cause', ''), _negated=True)), _connector='OR'), name='customer_closed_knows_its_last_day'),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('grace_until', None), ('grace_until__lte', models.F('kept_until')), _connector='OR'), name='customer_kept_through_grace'),
        ),
    ]
