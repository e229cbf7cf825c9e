import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('policies', '0006_agreements'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='retentionrule',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(), template="int8range(hashtext(family || '/' || category || '/' || trigger || '/' || action)::bigint * 10000000 + (valid_from - date '1900-01-01'), hashtext(family || '/' || category || '/' || trigger || '/' || action)::bigint * 10000000 + coalesce(valid_to - date '1899-12-31', 9999999))"), '&&')], name='retentionrule_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='timelimit',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(models.Func(output_field=django.contrib.postgres.fields.ranges.BigIntegerRangeField(), template="int8range(hashtext(family || '/' || kind)::bigint * 10000000 + (valid_from - date '1900-01-01'), hashtext(family || '/' || kind)::bigint * 10000000 + coalesce(valid_to - date '1899-12-31', 9999999))"), '&&')], name='timelimit_one_at_a_time'),
        ),
    ]
