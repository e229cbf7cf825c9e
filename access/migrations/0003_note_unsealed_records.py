from django.db import migrations

# Records are noted for their seal by this trigger alone, with the rights of its owner: the role of
# the running portal adds no note of its own.
NOTE = """
CREATE FUNCTION access_note_unsealed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO access_unsealedrecord (record) SELECT id FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_unsealed AFTER INSERT ON access_accessrecord
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION access_note_unsealed();
"""
NOTE_AWAY = """
DROP TRIGGER note_unsealed ON access_accessrecord;
DROP FUNCTION access_note_unsealed();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_records_stay")]

    operations = [migrations.RunSQL(NOTE, NOTE_AWAY)]
