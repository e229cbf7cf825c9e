from django.db import migrations

# A misuse never changes, and of a review only who signed it, once.
GUARDS = """
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
AWAY = """
DROP TRIGGER staff_guard_review ON staff_rightsreview;
DROP FUNCTION staff_guard_review();
DROP TRIGGER append_only ON staff_misuse;
"""


class Migration(migrations.Migration):
    dependencies = [("staff", "0004_misuse_reviews_unusual"), ("common", "0002_append_only")]

    operations = [migrations.RunSQL(GUARDS, AWAY)]
