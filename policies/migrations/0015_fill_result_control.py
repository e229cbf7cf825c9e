from django.db import migrations

# The control that the promise had when it was measured, as its history tells.
FILL = """
UPDATE policies_promiseresult AS result SET control = COALESCE(
    (SELECT past.control FROM policies_historicalpromise AS past
     WHERE past.id = result.promise_id AND past.history_date <= result.measured_at
     ORDER BY past.history_date DESC, past.history_id DESC LIMIT 1),
    (SELECT promise.control FROM policies_promise AS promise
     WHERE promise.id = result.promise_id)
)
WHERE control = '';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("policies", "0014_add_result_control"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
