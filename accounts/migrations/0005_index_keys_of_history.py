from django.db import migrations

# The tables of history have their indexes here alone: their models are made by the library.
INDEXES = [
    ("historicalcustomer_phone_key", "accounts_historicalcustomer", "phone"),
    ("historicalcustomer_address_key", "accounts_historicalcustomer", "address"),
    ("historicaldeclaredvalue_key", "accounts_historicaldeclaredvalue", "value"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_find_by_name")]

    operations = [
        migrations.RunSQL(
            f"CREATE INDEX {name} ON {table} (split_part({column}, '.', 2));",
            f"DROP INDEX {name};",
        )
        for name, table, column in INDEXES
    ]
