"""Seal the phone numbers and addresses that there are, a batch in a transaction.

What a killed run has sealed is found sealed by the next one.
"""

from django.db import migrations, transaction
from django.db.models import Q

BATCH = 500
UNSEALED = Q(phone="") & ~Q(plain_phone="") | Q(address="") & ~Q(plain_address="")
SEALED = ~Q(phone="", address="")


def seal(apps, schema_editor):
    for rows, fields in tables(apps, schema_editor):
        for row in in_batches(rows.filter(UNSEALED)):
            row.phone, row.address = row.plain_phone, row.plain_address
            row.save(update_fields=fields)


def unseal(apps, schema_editor):
    for rows, fields in tables(apps, schema_editor):
        for row in in_batches(rows.filter(SEALED)):
            row.plain_phone, row.plain_address = row.phone, row.address
            row.phone = row.address = ""
            row.save(update_fields=[*fields, "plain_phone", "plain_address"])


def tables(apps, schema_editor):
    sealed = ["phone", "address"]
    for name, fields in (("Customer", [*sealed, "phone_hash"]), ("HistoricalCustomer", sealed)):
        rows = apps.get_model("accounts", name).objects.using(schema_editor.connection.alias)
        yield rows, fields


def in_batches(rows):
    """Yield rows to change; each batch is committed when all of it has been changed."""
    last, batch = 0, True
    while batch:
        with transaction.atomic(using=rows.db):
            wanted = rows.filter(pk__gt=last).order_by("pk")
            batch = list(wanted.select_for_update(of=("self",))[:BATCH])
            yield from batch
        last = batch[-1].pk if batch else last


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0009_add_sealed_details")]

    operations = [migrations.RunPython(seal, unseal)]
