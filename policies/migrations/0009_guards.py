from django.db import migrations

# A version begins as a draft; it is published with both languages, after the notice that the
# company promised, later than all before it; and from then on neither it nor its texts change.
VERSIONS = """
CREATE FUNCTION policies_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.published_at IS NOT NULL THEN
            RAISE EXCEPTION 'a policy version begins as a draft'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'policy version % is published and never changed', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.published_at IS NOT NULL THEN
        IF 2 <> (SELECT count(*) FROM policies_policytext
                 WHERE version_id = NEW.id AND language IN ('vi', 'en') AND body <> '') THEN
            RAISE EXCEPTION 'a policy is published in Vietnamese and English'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.notice_days < (SELECT notice_period_days FROM policies_company
                              WHERE profile = NEW.profile) THEN
            RAISE EXCEPTION 'the notice is shorter than the company promised'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF EXISTS (SELECT FROM policies_policyversion
                   WHERE profile = NEW.profile AND id <> NEW.id
                     AND effective_on >= NEW.effective_on) THEN
            RAISE EXCEPTION 'a policy takes effect after all that were published before'
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER policies_guard_version BEFORE INSERT OR UPDATE OR DELETE ON policies_policyversion
    FOR EACH ROW EXECUTE FUNCTION policies_guard_version();

CREATE FUNCTION policies_guard_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    published timestamptz;
BEGIN
    -- The lock waits for a publication that is under way.
    SELECT max(published_at) INTO published FROM (
        SELECT published_at FROM policies_policyversion
        WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END,
                     CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END)
        FOR SHARE
    ) AS versions;
    IF published IS NOT NULL THEN
        RAISE EXCEPTION 'the text of a published policy version is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER policies_guard_text BEFORE INSERT OR UPDATE OR DELETE ON policies_policytext
    FOR EACH ROW EXECUTE FUNCTION policies_guard_text();
"""
VERSIONS_AWAY = """
DROP TRIGGER policies_guard_text ON policies_policytext;
DROP FUNCTION policies_guard_text();
DROP TRIGGER policies_guard_version ON policies_policyversion;
DROP FUNCTION policies_guard_version();
"""

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

# Who may never receive is no active recipient, and what is never disclosed is received by nobody.
RECIPIENTS = """
CREATE FUNCTION policies_guard_recipient() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.retired_on IS NULL AND EXISTS (
        SELECT FROM policies_company
        WHERE NEW.kind = ANY (forbidden_recipient_kinds)
           OR NEW.data_categories && closed_data_categories
    ) THEN
        RAISE EXCEPTION 'the company promised never to disclose so'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER policies_guard_recipient BEFORE INSERT OR UPDATE ON policies_recipient
    FOR EACH ROW EXECUTE FUNCTION policies_guard_recipient();
"""
RECIPIENTS_AWAY = """
DROP TRIGGER policies_guard_recipient ON policies_recipient;
DROP FUNCTION policies_guard_recipient();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0008_promises"),
    ]

    operations = [
        migrations.RunSQL(VERSIONS, VERSIONS_AWAY),
        migrations.RunSQL(RULES, RULES_AWAY),
        migrations.RunSQL(RECIPIENTS, RECIPIENTS_AWAY),
    ]
