from django.db import migrations

# Of a dated rule only its end and the check of its source may change, and none is deleted.
RULES = """
CREATE FUNCTION policies_guard_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'valid_to' - 'source_checked'
                          = to_jsonb(OLD) - 'valid_to' - 'source_checked' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a dated rule is never changed: a new one supersedes it'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER policies_guard_rule BEFORE UPDATE OR DELETE ON policies_timelimit
    FOR EACH ROW EXECUTE FUNCTION policies_guard_rule();
CREATE TRIGGER policies_guard_rule BEFORE UPDATE OR DELETE ON policies_retentionrule
    FOR EACH ROW EXECUTE FUNCTION policies_guard_rule();
"""
RULES_AWAY = """
DROP TRIGGER policies_guard_rule ON policies_retentionrule;
DROP TRIGGER policies_guard_rule ON policies_timelimit;
DROP FUNCTION policies_guard_rule();
"""

# Of an agreement only its last day may change, and none is deleted.
AGREEMENTS = """
CREATE FUNCTION policies_guard_agreement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'valid_to' = to_jsonb(OLD) - 'valid_to' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'of an agreement only its last day is changed'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER policies_guard_agreement BEFORE UPDATE OR DELETE ON policies_agreement
    FOR EACH ROW EXECUTE FUNCTION policies_guard_agreement();
"""
AGREEMENTS_AWAY = """
DROP TRIGGER policies_guard_agreement ON policies_agreement;
DROP FUNCTION policies_guard_agreement();
"""


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_guard_versions")]

    operations = [
        migrations.RunSQL(RULES, RULES_AWAY),
        migrations.RunSQL(AGREEMENTS, AGREEMENTS_AWAY),
    ]
