from django.db import migrations

# Whether a table was empty follows from what ANALYZE saw of it. It was looked up afterwards: a row that
# came just then, as another purge put a file on the list, let the samples of the erased ones stay.
CREATE = """
CREATE OR REPLACE FUNCTION retention_renew_statistics(subject regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was_filled boolean;
BEGIN
    EXECUTE format('ANALYZE %s', subject);
    SELECT reltuples > 0 FROM pg_class WHERE oid = subject INTO was_filled;
    IF was_filled OR current_setting('server_version_num')::int < 180000 THEN
        RETURN;
    END IF;
    EXECUTE 'SELECT pg_clear_attribute_stats(n.nspname, c.relname, a.attname, false)
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
             JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.oid = $1' USING subject;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("retention", "0015_say_why_released")]

    operations = [migrations.RunSQL(CREATE, migrations.RunSQL.noop)]
