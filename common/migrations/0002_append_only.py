from django.db import migrations

# A table whose trigger calls portal_append_only() takes new rows and refuses every change.
# With the argument 'erasable', an erasure may delete: it says so for its own transaction alone.
FUNCTION = """
CREATE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_NARGS = 1 AND current_setting('portal.erasing', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION portal_append_only();")]
