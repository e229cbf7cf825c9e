from django.db import migrations

# Only this removes access records, with the rights of their owner: those of whole seals that are
# older than an approved rule says, and not the newest seal's. Keeping more is always allowed.
REMOVE = """
CREATE FUNCTION retention_remove_access_records(rule bigint, seals bigint[], keeping bigint[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    period interval;
    removed bigint;
BEGIN
    SELECT make_interval(months => known.months) INTO period
    FROM policies_retentionrule AS known JOIN retention_purgeapproval ON rule_id = known.id
    WHERE known.id = rule AND category = 'access_record' AND trigger = 'created'
        AND action = 'delete';
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
        AND id <> ALL (keeping);
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('portal.removing', '', true);
    RETURN removed;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("retention", "0006_ledger"),
        ("access", "0011_removal_by_rule"),
        ("policies", "0026_company_website"),
    ]

    operations = [
        migrations.RunSQL(
            REMOVE, "DROP FUNCTION retention_remove_access_records(bigint, bigint[], bigint[]);"
        )
    ]
