from django.db import migrations

# Neither a seal nor what was found of the seals is ever changed, and what is remembered of a copy
# only grows.
GUARDS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessseal
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessverification
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();

CREATE FUNCTION access_guard_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.name = OLD.name AND NEW.number >= OLD.number THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was copied is never forgotten' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER access_guard_copy BEFORE UPDATE OR DELETE ON access_sealcopy
    FOR EACH ROW EXECUTE FUNCTION access_guard_copy();
"""
GUARDS_AWAY = """
DROP TRIGGER access_guard_copy ON access_sealcopy;
DROP FUNCTION access_guard_copy();
DROP TRIGGER append_only ON access_accessverification;
DROP TRIGGER append_only ON access_accessseal;
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0003_note_unsealed_records"), ("common", "0002_append_only")]

    operations = [migrations.RunSQL(GUARDS, GUARDS_AWAY)]
