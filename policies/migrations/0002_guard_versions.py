from django.db import migrations

# A version begins as a draft; it is published with both languages, after the notice that the
# company promised, later than all before it; and from then on neither it nor its texts change.
# Of a company that the portal does not serve no notice is known, so that none is long enough.
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
        IF (NEW.notice_days >= (SELECT notice_period_days FROM policies_company
                                WHERE profile = NEW.profile)) IS NOT TRUE THEN
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


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial")]

    operations = [migrations.RunSQL(VERSIONS, VERSIONS_AWAY)]
