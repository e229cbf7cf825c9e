from django.db import migrations

# The planner's samples hold values of rows, also of those that were erased. Only a table's owner may
# draw them anew, and the portal's own role owns none; of an empty table ANALYZE keeps the old ones,
# which can be cleared since version 18.
CREATE = """
CREATE FUNCTION retention_renew_statistics(subject regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_filled boolean;
BEGIN
    EXECUTE format('ANALYZE %s', subject);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', subject) INTO is_filled;
    IF is_filled OR current_setting('server_version_num')::int < 180000 THEN
        RETURN;
    END IF;
    EXECUTE 'SELECT pg_clear_attribute_stats(n.nspname, c.relname, a.attname, false)
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
             JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.oid = $1' USING subject;
END
$$;
"""
DROP = "DROP FUNCTION retention_renew_statistics(regclass);"


class Migration(migrations.Migration):
    dependencies = [("retention", "0004_remove_access_records")]

    operations = [migrations.RunSQL(CREATE, DROP)]
