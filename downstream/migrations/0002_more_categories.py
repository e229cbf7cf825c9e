import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('downstream', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicalsystem',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data held beyond these purposes'),
        ),
        migrations.AlterField(
            model_name='system',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data held beyond these purposes'),
        ),
    ]
