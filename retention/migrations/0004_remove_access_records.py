from django.db import migrations

# Only this removes access records, with the rights of their owner: those of whole seals that are
# older than an approved rule says, and not the newest seal's. Keeping more is always allowed.
# Nothing that the running portal may write makes a record of the last year removable: neither a
# rule of no months, nor one just approved, nor a seal that says it is old.
REMOVE = """
CREATE FUNCTION retention_remove_access_records(
    rule bigint, seals bigint[], keeping bigint[]
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    period interval;
    removed bigint;
BEGIN
    SELECT make_interval(months => GREATEST(known.months, 12)) INTO period
    FROM policies_retentionrule AS known JOIN retention_purgeapproval ON rule_id = known.id
    WHERE known.id = rule AND category = 'access_record' AND trigger = 'created'
        AND action = 'delete' AND approved_at <= now() - interval '3 days'
        AND (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
            BETWEEN valid_from AND coalesce(valid_to, 'infinity');
    IF period IS NULL THEN
        RAISE EXCEPTION 'no approved rule' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (
        SELECT FROM access_accessseal WHERE number = ANY (seals) AND (
            made_at >= now() - period OR number = (SELECT max(number) FROM access_accessseal)
        )
    ) THEN
        RAISE EXCEPTION 'a seal is too young' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM set_config('portal.removing', 'on', true);
    DELETE FROM access_accessrecord
    WHERE id IN (SELECT unnest(records) FROM access_accessseal WHERE number = ANY (seals))
        AND id <> ALL (keeping) AND at < now() - period;
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('portal.removing', '', true);
    RETURN removed;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0003_approvals_stay"),
        ("access", "0002_records_stay"),
        ("policies", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            REMOVE, "DROP FUNCTION retention_remove_access_records(bigint, bigint[], bigint[]);"
        )
    ]
