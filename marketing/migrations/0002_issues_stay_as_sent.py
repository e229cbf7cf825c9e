from django.db import migrations

# Once sending began, only how far it came changes.
GUARD = """
CREATE FUNCTION marketing_guard_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.started_at IS NULL THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'newsletter issue % was sent and stays', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.started_at IS NOT NULL AND
       (NEW.purpose_id, NEW.subject_vi, NEW.subject_en, NEW.body_vi, NEW.body_en, NEW.is_own,
        NEW.started_at, NEW.total)
       IS DISTINCT FROM
       (OLD.purpose_id, OLD.subject_vi, OLD.subject_en, OLD.body_vi, OLD.body_en, OLD.is_own,
        OLD.started_at, OLD.total) THEN
        RAISE EXCEPTION 'newsletter issue % was sent and is never changed', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER marketing_guard_issue BEFORE UPDATE OR DELETE ON marketing_newsletterissue
    FOR EACH ROW EXECUTE FUNCTION marketing_guard_issue();
"""
UNGUARD = """
DROP TRIGGER marketing_guard_issue ON marketing_newsletterissue;
DROP FUNCTION marketing_guard_issue();
"""


class Migration(migrations.Migration):
    dependencies = [("marketing", "0001_initial")]

    operations = [migrations.RunSQL(GUARD, UNGUARD)]
