from datetime import timedelta

from django.db import migrations, models
from django.db.models import F, Q

ENDS_ON_ITS_EVE_OR_LATER = Q(valid_to=None) | Q(valid_to__gte=F("valid_from") - timedelta(days=1))


def replace_constraint(model):
    name = f"{model}_validity"
    constraint = models.CheckConstraint(name=name, condition=ENDS_ON_ITS_EVE_OR_LATER)
    return [
        migrations.RemoveConstraint(model_name=model, name=name),
        migrations.AddConstraint(model_name=model, constraint=constraint),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0001_initial"),
    ]

    operations = [*replace_constraint("retentionrule"), *replace_constraint("timelimit")]
