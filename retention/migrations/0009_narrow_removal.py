from django.db import migrations

# An approval says truly since when it stands, and for which rule: the role of the running portal
# may add one, and then nobody may have seen it yet.
APPROVALS = """
CREATE FUNCTION retention_stamp_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.approved_at := clock_timestamp();
    RETURN NEW;
END
$$;
CREATE TRIGGER stamp BEFORE INSERT ON retention_purgeapproval
    FOR EACH ROW EXECUTE FUNCTION retention_stamp_approval();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON retention_purgeapproval
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
"""
APPROVALS_AWAY = """
DROP TRIGGER append_only ON retention_purgeapproval;
DROP TRIGGER stamp ON retention_purgeapproval;
DROP FUNCTION retention_stamp_approval();
"""

# Nothing that the running portal may write makes a record of the last year removable: neither a
# rule of no months, nor one just approved, nor a seal that says it is old.
REMOVE = """
CREATE OR REPLACE FUNCTION retention_remove_access_records(
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
        ("retention", "0008_renew_statistics"),
        ("common", "0002_append_only"),
    ]

    operations = [
        migrations.RunSQL(APPROVALS, APPROVALS_AWAY),
        migrations.RunSQL(REMOVE, migrations.RunSQL.noop),
    ]
