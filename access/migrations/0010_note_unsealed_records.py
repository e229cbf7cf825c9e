from django.db import migrations

NOTE = """
CREATE FUNCTION access_note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO access_unsealedrecord (record) SELECT id FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_unsealed AFTER INSERT ON access_accessrecord
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION access_note_unsealed();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessseal
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
UNNOTED = """
DROP TRIGGER append_only ON access_accessseal;
DROP TRIGGER note_unsealed ON access_accessrecord;
DROP FUNCTION access_note_unsealed();
"""
# What was recorded before there were seals is sealed as it is now.
EARLIER = "INSERT INTO access_unsealedrecord (record) SELECT id FROM access_accessrecord;"


class Migration(migrations.Migration):
    dependencies = [("access", "0009_seals"), ("common", "0002_append_only")]

    operations = [
        migrations.RunSQL(NOTE, UNNOTED),
        migrations.RunSQL(EARLIER, migrations.RunSQL.noop),
    ]
