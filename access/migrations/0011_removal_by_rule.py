from django.db import migrations

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
DROP TRIGGER append_only ON access_accessrecord;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessrecord
    FOR EACH ROW EXECUTE FUNCTION access_append_only();
"""
EARLIER = """
DROP TRIGGER append_only ON access_accessrecord;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessrecord
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
DROP FUNCTION access_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0010_note_unsealed_records")]

    operations = [migrations.RunSQL(GUARD, EARLIER)]
