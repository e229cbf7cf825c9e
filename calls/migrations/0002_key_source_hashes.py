"""Hash the hashes of sources again, under the company's key: numbers could be tried before.

All of it is one transaction, so that no hash is ever hashed twice.
"""

import hmac
import secrets

from django.db import migrations

BATCH = 1000


def key_hashes(apps, schema_editor):
    db = schema_editor.connection.alias
    for name in ("CallRecording", "ErasedRecording"):
        rows = apps.get_model("calls", name).objects.using(db)
        known = list(rows.exclude(source_hash=None).only("source_hash"))
        key = company_key(apps, db) if known else b""
        for row in known:
            row.source_hash = hmac.digest(key, f"call {row.source_hash}".encode(), "sha256").hex()
        rows.bulk_update(known, ["source_hash"], batch_size=BATCH)


def company_key(apps, db):
    keys = apps.get_model("common", "FileKey").objects.using(db)
    row, _created = keys.get_or_create(owner="company", defaults={"key": secrets.token_hex(32)})
    return bytes.fromhex(row.key)


class Migration(migrations.Migration):
    dependencies = [("calls", "0001_initial"), ("common", "0005_merge_moves_lines")]

    operations = [migrations.RunPython(key_hashes)]
