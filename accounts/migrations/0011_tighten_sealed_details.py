from django.db import migrations, models
from django.db.models import Q

from common.encryption.fields import KeyId

# The tables of history have their indexes here alone: their models are made by the library.
KEYS_OF_HISTORY = """
CREATE INDEX historicalcustomer_{name}_key
    ON accounts_historicalcustomer (split_part({name}, '.', 2));
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_fill_sealed_details")]

    operations = [
        *(
            migrations.RemoveField(model_name=model_name, name=f"plain_{name}")
            for model_name in ("customer", "historicalcustomer")
            for name in ("phone", "address")
        ),
        *(
            migrations.AddIndex(
                model_name="customer",
                index=models.Index(
                    condition=Q(closed_at=None, **{name: ""}),
                    fields=["id"],
                    name=f"customer_without_{name}",
                ),
            )
            for name in ("phone", "address")
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["phone_hash"], name="customer_phone_hash"),
        ),
        *(
            migrations.AddIndex(
                model_name="customer",
                index=models.Index(KeyId(name), name=f"customer_{name}_key"),
            )
            for name in ("phone", "address")
        ),
        *(
            migrations.RunSQL(
                KEYS_OF_HISTORY.format(name=name), f"DROP INDEX historicalcustomer_{name}_key;"
            )
            for name in ("phone", "address")
        ),
    ]
