from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('enquiries', '0002_closed_sender'),
        ('policies', '0005_more_categories'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='enquiry',
            name='enquiry_closed_with_its_last_day',
        ),
        migrations.RemoveIndex(
            model_name='enquiry',
            name='enquiry_kept_until',
        ),
        migrations.RemoveField(
            model_name='enquiry',
            name='kept_until',
        ),
        migrations.RemoveField(
            model_name='historicalenquiry',
            name='kept_until',
        ),
        migrations.AddIndex(
            model_name='enquiry',
            index=models.Index(condition=models.Q(('closed_at', None), _negated=True), fields=['closed_at'], name='enquiry_closed'),
        ),
        migrations.AddConstraint(
            model_name='enquiry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('state__in', ('answered', 'phoned', 'dismissed'))), models.Q(models.Q(('state__in', ('answered', 'phoned', 'dismissed')), _negated=True), ('closed_at', None), ('closed_by', None)), _connector='OR'), name='enquiry_closed_by_somebody'),
        ),
    ]
