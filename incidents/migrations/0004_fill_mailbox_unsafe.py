from django.db import migrations


def fill(apps, schema_editor):
    """A customer's own report needed staff only where the mailbox was in doubt. Safe to repeat."""
    for name in ("UnauthorisedUse", "HistoricalUnauthorisedUse"):
        rows = apps.get_model("incidents", name).objects.using(schema_editor.connection.alias)
        rows.filter(needs_release=True).exclude(origin="staff").update(mailbox_unsafe=True)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_mailbox_unsafe")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
