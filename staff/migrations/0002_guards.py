from django.db import migrations

# A text never changes, and of an undertaking only what ends it: what was signed stays as it was.
UNDERTAKINGS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON staff_undertakingtext
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();

CREATE FUNCTION staff_guard_undertaking() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends CONSTANT text[] := ARRAY[
        'revoked_at', 'revoked_by_id', 'reason', 'readmitted_at', 'readmitted_by_id'
    ];
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - ends = to_jsonb(OLD) - ends
            AND (OLD.revoked_at IS NULL OR NEW.revoked_at = OLD.revoked_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was signed is never changed' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER staff_guard_undertaking BEFORE UPDATE OR DELETE ON staff_undertaking
    FOR EACH ROW EXECUTE FUNCTION staff_guard_undertaking();
"""
UNDERTAKINGS_AWAY = """
DROP TRIGGER staff_guard_undertaking ON staff_undertaking;
DROP FUNCTION staff_guard_undertaking();
DROP TRIGGER append_only ON staff_undertakingtext;
"""

# A misuse never changes, and of a review only who signed it, once.
REVIEWS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON staff_misuse
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();

CREATE FUNCTION staff_guard_review() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    signature CONSTANT text[] := ARRAY['outcome', 'signed_by_id', 'signed_at'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.outcome = ''
            AND to_jsonb(NEW) - signature = to_jsonb(OLD) - signature THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a review is signed once and never changed'
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER staff_guard_review BEFORE UPDATE OR DELETE ON staff_rightsreview
    FOR EACH ROW EXECUTE FUNCTION staff_guard_review();
"""
REVIEWS_AWAY = """
DROP TRIGGER staff_guard_review ON staff_rightsreview;
DROP FUNCTION staff_guard_review();
DROP TRIGGER append_only ON staff_misuse;
"""


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial"), ("common", "0002_append_only")]

    operations = [
        migrations.RunSQL(UNDERTAKINGS, UNDERTAKINGS_AWAY),
        migrations.RunSQL(REVIEWS, REVIEWS_AWAY),
    ]
