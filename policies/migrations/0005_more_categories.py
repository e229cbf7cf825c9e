import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0004_guard_recipients'),
    ]

    operations = [
        migrations.AlterField(
            model_name='company',
            name='closed_data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data that is never disclosed'),
        ),
        migrations.AlterField(
            model_name='historicalcompany',
            name='closed_data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data that is never disclosed'),
        ),
        migrations.AlterField(
            model_name='historicalpurpose',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), default=list, size=None, verbose_name='data used'),
        ),
        migrations.AlterField(
            model_name='historicalrecipient',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data received'),
        ),
        migrations.AlterField(
            model_name='historicalretentionrule',
            name='category',
            field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20, verbose_name='data'),
        ),
        migrations.AlterField(
            model_name='purpose',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), default=list, size=None, verbose_name='data used'),
        ),
        migrations.AlterField(
            model_name='recipient',
            name='data_categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20), blank=True, default=list, size=None, verbose_name='data received'),
        ),
        migrations.AlterField(
            model_name='retentionrule',
            name='category',
            field=models.CharField(choices=[('account', 'Account and sign-in'), ('contact', 'Contact details'), ('declared', 'Other details you declared'), ('order', 'Orders'), ('device', 'Devices'), ('visit', 'Visits, counted'), ('preference', 'Preferences and interests'), ('call_recording', 'Call recordings'), ('survey_answer', 'Survey answers'), ('hosted_content', 'Hosted content, by inventory'), ('enquiry', 'Enquiries'), ('complaint', 'Complaints and answers'), ('evidence', 'Evidence files'), ('consent', 'Consents and policy acceptance'), ('notice', 'Notices sent'), ('access_record', 'Records of access'), ('identity_proof', 'Proofs of identity'), ('purge_report', 'Reports of deletions')], max_length=20, verbose_name='data'),
        ),
    ]
