import django.db.models.expressions
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('policies', '0004_fill_version_states'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='historicalofficialday',
            name='provisional',
        ),
        migrations.RemoveField(
            model_name='historicalpolicyversion',
            name='published_on',
        ),
        migrations.RemoveField(
            model_name='officialday',
            name='provisional',
        ),
        migrations.RemoveField(
            model_name='policyversion',
            name='published_on',
        ),
        migrations.AddConstraint(
            model_name='officialday',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('day_type', 'WORKING'), ('kind', 'swap_work')), models.Q(('day_type', 'OFF'), models.Q(('kind', 'swap_work'), _negated=True)), _connector='OR'), name='officialday_kind_has_its_type'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.UniqueConstraint(fields=('profile', 'effective_on'), name='policyversion_one_in_effect'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('effective_on', None), ('notice_days', None), ('published_at', None)), models.Q(('effective_on__isnull', False), ('notice_days__isnull', False), ('published_at__isnull', False)), _connector='OR'), name='policyversion_draft_or_published'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.CheckConstraint(condition=models.Q(('published_at', None), ('effective_on__gte', models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(django.db.models.functions.comparison.Cast(models.Func(models.Value('Asia/Ho_Chi_Minh'), models.F('published_at'), function='timezone'), models.DateField()), '+', models.F('notice_days')), output_field=models.DateField())), _connector='OR'), name='policyversion_notice_given'),
        ),
        migrations.AddConstraint(
            model_name='purpose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('legal_basis', 'consent'), _negated=True), ('is_required', False), _connector='OR'), name='purpose_consent_is_optional'),
        ),
    ]
