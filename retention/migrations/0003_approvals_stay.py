from django.db import migrations

# An approval says truly since when it stands, and for which rule: the role of the running portal
# may add one, and then nobody may have seen it yet.
APPROVALS = """
CREATE FUNCTION retention_stamp_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.approved_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER stamp BEFORE INSERT ON retention_purgeapproval
    FOR EACH ROW EXECUTE FUNCTION retention_stamp_approval();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON retention_purgeapproval
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
APPROVALS_AWAY = """
DROP TRIGGER append_only ON retention_purgeapproval;
DROP TRIGGER stamp ON retention_purgeapproval;
DROP FUNCTION retention_stamp_approval();
"""


class Migration(migrations.Migration):
    dependencies = [("retention", "0002_hold_stops_deletion"), ("common", "0002_append_only")]

    operations = [migrations.RunSQL(APPROVALS, APPROVALS_AWAY)]
