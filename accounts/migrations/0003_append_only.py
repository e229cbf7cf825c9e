from django.db import migrations

TABLES = [
    "accounts_accuracydeclaration",
    "accounts_assistedchange",
    "accounts_consent",
    "accounts_consentproof",
    "accounts_identitycheck",
    "accounts_policyevent",
    "accounts_serviceend",
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial"), ("common", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION portal_append_only('erasable');
            """,
            f"DROP TRIGGER append_only ON {table};",
        )
        for table in TABLES
    ]
