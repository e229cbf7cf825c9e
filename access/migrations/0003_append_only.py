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
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessrecord
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
UNSTAMP = """
DROP TRIGGER append_only ON access_accessrecord;
DROP TRIGGER stamp ON access_accessrecord;
DROP FUNCTION access_stamp_record();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_initial"), ("common", "0002_append_only")]

    operations = [migrations.RunSQL(STAMP, UNSTAMP)]
