from django.db import migrations

# What was published was published at the beginning of its local day.
FILL = """
UPDATE policies_policyversion
    SET published_at = published_on::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
        notice_days = effective_on - published_on
    WHERE published_at IS NULL;
UPDATE policies_historicalpolicyversion
    SET published_at = published_on::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
        notice_days = effective_on - published_on
    WHERE published_at IS NULL;
UPDATE policies_officialday SET status = 'provisional' WHERE provisional;
UPDATE policies_historicalofficialday SET status = 'provisional' WHERE provisional;
UPDATE policies_purpose SET is_required = false WHERE legal_basis = 'consent';
UPDATE policies_historicalpurpose SET is_required = false WHERE legal_basis = 'consent';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0003_add_version_states"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
