from django.db import migrations

TABLES = ["casework_caseevent", "casework_casemessage", "casework_casenote"]


class Migration(migrations.Migration):
    dependencies = [("casework", "0001_initial"), ("common", "0002_append_only")]

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
