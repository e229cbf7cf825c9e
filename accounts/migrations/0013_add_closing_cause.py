from django.db import migrations, models

CAUSE = {
    "blank": True,
    "choices": [
        ("customer", "the customer asked for it"),
        ("service_ended", "the service has ended"),
        ("unnecessary", "the data is no longer necessary"),
    ],
    "editable": False,
    "max_length": 20,
    "verbose_name": "closed because",
}
GRACE = {"editable": False, "null": True, "verbose_name": "can be opened again until"}


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_find_by_name")]

    operations = [
        operation
        for model in ("customer", "historicalcustomer")
        for operation in (
            migrations.AddField(model, "closing_cause", models.CharField(**CAUSE)),
            migrations.AddField(model, "grace_until", models.DateField(**GRACE)),
        )
    ]
