from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0019_service_ends"), ("common", "0002_append_only")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON accounts_serviceend
                FOR EACH ROW EXECUTE FUNCTION portal_append_only('erasable');
            """,
            "DROP TRIGGER append_only ON accounts_serviceend;",
        )
    ]
