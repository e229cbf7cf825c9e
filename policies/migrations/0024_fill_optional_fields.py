from django.db import migrations

# Forms asked for both until now, and a profile is loaded anew only when it changes.
FILL = """
UPDATE policies_company SET optional_fields = ARRAY(
    SELECT name FROM unnest(ARRAY['phone', 'address']::varchar[]) AS name
    WHERE name <> ALL (required_fields)
)
WHERE optional_fields = '{}';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0023_optional_fields"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
