from django.db import migrations

# What was published before announcements were kept was told of, or not, in its own time:
# nobody gets a mail about it now. An announcement that has begun stays as it is.
SQL = """
INSERT INTO accounts_policyannouncement
        (version_id, started_at, total, queued, last_customer, finished_at)
    SELECT id, published_at, 0, 0, 0, published_at
    FROM policies_policyversion
    WHERE published_at IS NOT NULL AND significance = 'significant'
    ORDER BY effective_on
    ON CONFLICT (version_id) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_index_missing_details"),
    ]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
