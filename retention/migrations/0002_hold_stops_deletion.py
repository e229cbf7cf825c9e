from django.db import migrations

# The last line behind the purge's own checks: whoever deletes, and however.
REFUSE = """
CREATE FUNCTION retention_refuse_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM retention_legalhold WHERE customer_id = OLD.id AND released_at IS NULL
    ) THEN
        RAISE EXCEPTION 'customer % is under a legal hold', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER refuse_held BEFORE DELETE ON accounts_customer
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held();
CREATE FUNCTION retention_refuse_hold_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.released_at IS NULL THEN
        RAISE EXCEPTION 'legal hold % is in force', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER refuse_in_force BEFORE DELETE ON retention_legalhold
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_hold_deletion();
"""
ALLOW = """
DROP TRIGGER refuse_in_force ON retention_legalhold;
DROP FUNCTION retention_refuse_hold_deletion();
DROP TRIGGER refuse_held ON accounts_customer;
DROP FUNCTION retention_refuse_held();
"""


class Migration(migrations.Migration):
    dependencies = [("retention", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
