from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("complaints", "0004_fill_answers")]

    operations = [
        migrations.AddConstraint(
            model_name='complaint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'resolved'), _negated=True), models.Q(models.Q(('outcome', ''), _negated=True), models.Q(('cause', ''), _negated=True), models.Q(('finding', ''), _negated=True), models.Q(('solution', ''), _negated=True), models.Q(('remedy', ''), _negated=True), models.Q(('next_steps', ''), _negated=True), models.Q(('lesson', ''), _negated=True)), _connector='OR'), name='complaint_resolved_with_its_answer'),
        ),
        migrations.AddConstraint(
            model_name='complaint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'not_upheld'), ('state', 'resolved'), _negated=True), models.Q(('confirmed_by__isnull', False), ('refused_by__isnull', False), models.Q(('refused_by', models.F('confirmed_by')), _negated=True)), _connector='OR'), name='complaint_refused_by_two'),
        ),
        migrations.AddConstraint(
            model_name='complaint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'escalated'), _negated=True), models.Q(('escalated_at__isnull', False), models.Q(('escalated_by', ''), _negated=True), models.Q(('authority', ''), _negated=True)), _connector='OR'), name='complaint_escalated_somewhere'),
        ),
    ]
