from django.db import migrations

# Until now an answer was cause and solution. What is asked for beside them nobody wrote then.
FILL = """
UPDATE complaints_complaint SET state = 'measures' WHERE state = 'in_progress';
UPDATE complaints_complaint
SET outcome = 'upheld', finding = cause, remedy = '–', next_steps = '–', lesson = '–'
WHERE state = 'resolved' AND outcome = '';
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0003_procedure")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
