from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0027_index_opened"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="consent",
            name="consent_expires_by_the_portal",
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decision", "expired"), _negated=True),
                    ("channel", "portal"),
                    _connector="OR",
                ),
                name="consent_expires_by_the_portal",
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel", "portal"), ("decision", "given"), _negated=True),
                name="consent_not_given_by_the_portal",
            ),
        ),
    ]
