from django.db import migrations, models

from common.encryption.fields import KeyId

# The tables of history have their indexes here alone: their models are made by the library.
KEYS_OF_HISTORY = """
CREATE INDEX historicaldeclaredvalue_key
    ON accounts_historicaldeclaredvalue (split_part(value, '.', 2));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0028_portal_withdraws"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="declaredvalue",
            index=models.Index(KeyId("value"), name="declaredvalue_key"),
        ),
        migrations.RunSQL(KEYS_OF_HISTORY, "DROP INDEX historicaldeclaredvalue_key;"),
    ]
