from django.db import migrations

# A table whose trigger calls portal_append_only() takes new rows and refuses every change.
# With the argument 'erasable', an erasure may delete, and while two records of one person become
# one, a line may change whose it is: each says so for its own transaction alone.
FUNCTION = """
CREATE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_NARGS = 1 AND current_setting('portal.erasing', true) = 'on' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_NARGS = 1 AND current_setting('portal.merging', true) = 'on'
        AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("common", "0001_initial")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION portal_append_only();")]
