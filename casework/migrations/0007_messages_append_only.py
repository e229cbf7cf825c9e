from django.db import migrations

TABLES = ["casework_casemessage", "casework_casenote"]


class Migration(migrations.Migration):
    dependencies = [("casework", "0006_messages_and_terms"), ("common", "0005_merge_moves_lines")]

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
