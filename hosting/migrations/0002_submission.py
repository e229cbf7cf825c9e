from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0029_index_keys_of_declared_values"),
        ("hosting", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="hostedservice",
            name="submission",
            field=models.CharField(
                blank=True, default="", editable=False, max_length=32, verbose_name="submission"
            ),
        ),
        migrations.AddConstraint(
            model_name="hostedservice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("submission", ""), _negated=True),
                fields=("customer", "submission"),
                name="hostedservice_entered_once",
            ),
        ),
    ]
