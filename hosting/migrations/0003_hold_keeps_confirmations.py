from django.db import migrations

REFUSE = """
CREATE TRIGGER refuse_held_category BEFORE DELETE ON hosting_backuprequest FOR EACH ROW
    EXECUTE FUNCTION retention_refuse_held_part(
        'hosted_content', 'hosting_hostedservice', 'service_id');
"""
ALLOW = "DROP TRIGGER refuse_held_category ON hosting_backuprequest;"


class Migration(migrations.Migration):

    dependencies = [('hosting', '0002_backups'), ('retention', '0014_hold_keeps_parts')]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
