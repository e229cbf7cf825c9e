from django.db import migrations, models

from common.encryption.fields import EncryptedTextField, SearchHashField


def sealed(model_name, name, verbose_name, max_length):
    return migrations.AddField(
        model_name=model_name,
        name=name,
        field=EncryptedTextField(
            blank=True, max_length=max_length, row="public_id", verbose_name=verbose_name
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_consents_expire")]

    operations = [
        migrations.RemoveIndex(model_name="customer", name="customer_without_phone"),
        migrations.RemoveIndex(model_name="customer", name="customer_without_address"),
        *(
            migrations.RenameField(model_name=model_name, old_name=name, new_name=f"plain_{name}")
            for model_name in ("customer", "historicalcustomer")
            for name in ("phone", "address")
        ),
        *(
            sealed(model_name, name, name, max_length)
            for model_name in ("customer", "historicalcustomer")
            for name, max_length in (("phone", 20), ("address", 300))
        ),
        migrations.AddField(
            model_name="customer",
            name="phone_hash",
            field=SearchHashField(of="phone", verbose_name="search hash of the phone"),
        ),
    ]
