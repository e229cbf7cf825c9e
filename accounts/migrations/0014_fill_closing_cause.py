from django.db import migrations


def fill(apps, schema_editor):
    """Until now customers alone closed accounts; nobody had a time of grace. Safe to repeat."""
    for name in ("Customer", "HistoricalCustomer"):
        rows = apps.get_model("accounts", name).objects.using(schema_editor.connection.alias)
        rows.filter(closed_at__isnull=False, closing_cause="").update(closing_cause="customer")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_add_closing_cause")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
