from django.db import migrations

# Of a company that the portal does not serve no notice is known, so that none is long enough.
GUARD = """
CREATE OR REPLACE FUNCTION policies_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
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
        IF {too_short} THEN
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
"""
PROMISED = "(SELECT notice_period_days FROM policies_company WHERE profile = NEW.profile)"
EARLIER = f"NEW.notice_days < {PROMISED}"
NOW = f"(NEW.notice_days >= {PROMISED}) IS NOT TRUE"


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0019_complaint_terms"),
    ]

    operations = [
        migrations.RunSQL(GUARD.format(too_short=NOW), GUARD.format(too_short=EARLIER)),
    ]
