from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0007_versions_told_before'),
        ('policies', '0013_consent_months_and_newsletter'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consent',
            name='channel',
            field=models.CharField(choices=[('web', 'web'), ('staff', 'member of staff'), ('email', 'link in a mail'), ('portal', 'the portal itself')], max_length=10, verbose_name='channel'),
        ),
        migrations.AlterField(
            model_name='consent',
            name='decision',
            field=models.CharField(choices=[('given', 'given'), ('withdrawn', 'withdrawn'), ('expired', 'expired')], max_length=10, verbose_name='decision'),
        ),
        migrations.AlterField(
            model_name='policyevent',
            name='channel',
            field=models.CharField(choices=[('web', 'web'), ('staff', 'member of staff'), ('email', 'link in a mail'), ('portal', 'the portal itself')], max_length=10, verbose_name='channel'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(condition=models.Q(('decision', 'given')), fields=['at'], name='consent_given'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('channel', 'portal'), ('decision', 'expired')), models.Q(models.Q(('decision', 'expired'), _negated=True), models.Q(('channel', 'portal'), _negated=True)), _connector='OR'), name='consent_expires_by_the_portal'),
        ),
    ]
