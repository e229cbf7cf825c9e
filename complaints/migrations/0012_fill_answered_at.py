from django.db import migrations

FILL = """
UPDATE complaints_complaint SET answered_at = casework_case.closed_at
FROM casework_case
WHERE casework_case.id = complaints_complaint.case_ptr_id
  AND complaints_complaint.state = 'resolved' AND complaints_complaint.answered_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0011_answered_at")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
