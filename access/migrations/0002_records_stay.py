from django.db import migrations

# The moment of a record is the database's; what the client says is ignored.
STAMP = """
CREATE FUNCTION access_stamp_record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER stamp BEFORE INSERT ON access_accessrecord
    FOR EACH ROW EXECUTE FUNCTION access_stamp_record();
"""
STAMP_AWAY = """
DROP TRIGGER stamp ON access_accessrecord;
DROP FUNCTION access_stamp_record();
"""

# A function of the database removes old records by rule, and says so for its own transaction.
GUARD = """
CREATE FUNCTION access_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('portal.removing', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessrecord
    FOR EACH ROW EXECUTE FUNCTION access_append_only();
"""
GUARD_AWAY = """
DROP TRIGGER append_only ON access_accessrecord;
DROP FUNCTION access_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.RunSQL(STAMP, STAMP_AWAY),
        migrations.RunSQL(GUARD, GUARD_AWAY),
    ]
