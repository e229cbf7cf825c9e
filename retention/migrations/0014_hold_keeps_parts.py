from django.db import migrations

# As refuse_held_category, for rows that know their customer through another row.
REFUSE = """
CREATE FUNCTION retention_refuse_held_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whose bigint;
BEGIN
    EXECUTE format('SELECT customer_id FROM %I WHERE id = $1', TG_ARGV[1])
        INTO whose USING (to_jsonb(OLD) ->> TG_ARGV[2])::bigint;
    IF EXISTS (
        SELECT FROM retention_legalhold
        WHERE customer_id = whose AND category = TG_ARGV[0] AND released_at IS NULL
    ) THEN
        RAISE EXCEPTION 'data is under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER refuse_held_category BEFORE DELETE ON casework_evidence FOR EACH ROW
    EXECUTE FUNCTION retention_refuse_held_part('evidence', 'casework_case', 'case_id');
CREATE TRIGGER refuse_held_category BEFORE DELETE ON accounts_identityproof FOR EACH ROW
    EXECUTE FUNCTION retention_refuse_held_part(
        'identity_proof', 'accounts_identitycheck', 'identity_check_id');
"""
ALLOW = """
DROP TRIGGER refuse_held_category ON accounts_identityproof;
DROP TRIGGER refuse_held_category ON casework_evidence;
DROP FUNCTION retention_refuse_held_part();
"""


class Migration(migrations.Migration):

    dependencies = [('retention', '0013_clear_residue')]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
