from django.db import migrations

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
    dependencies = [("policies", "0003_guard_rules_and_agreements")]

    operations = [migrations.RunSQL(RECIPIENTS, RECIPIENTS_AWAY)]
