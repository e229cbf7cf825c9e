
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0006_play_recordings'),
        ('casework', '0006_messages_and_terms'),
        ('complaints', '0002_case_kinds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ComplaintLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('duplicate', 'says the same'), ('related', 'is related')], max_length=10, verbose_name='how')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'link between complaints',
                'verbose_name_plural': 'links between complaints',
            },
        ),
        migrations.CreateModel(
            name='QuestionedAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'questioned access',
                'verbose_name_plural': 'questioned accesses',
            },
        ),
        migrations.RemoveConstraint(
            model_name='complaint',
            name='complaint_resolved_with_cause_and_solution',
        ),
        migrations.AddField(
            model_name='complaint',
            name='agreed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='customer agreed'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='authority',
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name='authority'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='authority_reference',
            field=models.CharField(blank=True, editable=False, max_length=100, verbose_name="the authority's reference"),
        ),
        migrations.AddField(
            model_name='complaint',
            name='confirmed_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='refusal confirmed by'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='decided_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='decision',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name="the authority's decision"),
        ),
        migrations.AddField(
            model_name='complaint',
            name='disagreed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='customer disagreed'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='escalated_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='escalated'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='escalated_by',
            field=models.CharField(blank=True, choices=[('customer', 'the customer'), ('company', 'the company')], editable=False, max_length=10, verbose_name='escalated by'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='finding',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='finding'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='lesson',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='lesson for the company'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='next_steps',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='next steps'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='outcome',
            field=models.CharField(blank=True, choices=[('upheld', 'upheld in full'), ('partly', 'upheld in part'), ('not_upheld', 'not upheld')], editable=False, max_length=20, verbose_name='outcome'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='refused_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='refusal proposed by'),
        ),
        migrations.AddField(
            model_name='complaint',
            name='remedy',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='remedy'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='agreed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='customer agreed'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='authority',
            field=models.CharField(blank=True, editable=False, max_length=200, verbose_name='authority'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='authority_reference',
            field=models.CharField(blank=True, editable=False, max_length=100, verbose_name="the authority's reference"),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='complexity',
            field=models.CharField(blank=True, choices=[('simple', 'simple'), ('ordinary', 'ordinary'), ('complex', 'complex')], editable=False, max_length=10, verbose_name='complexity'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='refusal confirmed by'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='decided_by',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='decision',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name="the authority's decision"),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='disagreed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='customer disagreed'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='escalated_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='escalated'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='escalated_by',
            field=models.CharField(blank=True, choices=[('customer', 'the customer'), ('company', 'the company')], editable=False, max_length=10, verbose_name='escalated by'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='finding',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='finding'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='lesson',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='lesson for the company'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='next_steps',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='next steps'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='outcome',
            field=models.CharField(blank=True, choices=[('upheld', 'upheld in full'), ('partly', 'upheld in part'), ('not_upheld', 'not upheld')], editable=False, max_length=20, verbose_name='outcome'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='refused_by',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='refusal proposed by'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='remedy',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='remedy'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='severity',
            field=models.CharField(blank=True, choices=[('low', 'low'), ('medium', 'medium'), ('high', 'high')], editable=False, max_length=10, verbose_name='severity'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='waiting_since',
            field=models.DateTimeField(editable=False, null=True, verbose_name='waiting since'),
        ),
        migrations.AlterField(
            model_name='complaint',
            name='solution',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='solution and measures'),
        ),
        migrations.AlterField(
            model_name='complaint',
            name='state',
            field=models.CharField(choices=[('received', 'received'), ('acknowledged', 'acknowledged'), ('verifying', 'verifying'), ('measures', 'measures'), ('refusal', 'refusal to be confirmed'), ('resolved', 'resolved'), ('withdrawn', 'withdrawn'), ('escalated', 'escalated to an authority')], default='received', editable=False, max_length=20, verbose_name='state'),
        ),
        migrations.AlterField(
            model_name='historicalcomplaint',
            name='solution',
            field=models.TextField(blank=True, editable=False, max_length=10000, verbose_name='solution and measures'),
        ),
        migrations.AlterField(
            model_name='historicalcomplaint',
            name='state',
            field=models.CharField(choices=[('received', 'received'), ('acknowledged', 'acknowledged'), ('verifying', 'verifying'), ('measures', 'measures'), ('refusal', 'refusal to be confirmed'), ('resolved', 'resolved'), ('withdrawn', 'withdrawn'), ('escalated', 'escalated to an authority')], default='received', editable=False, max_length=20, verbose_name='state'),
        ),
        migrations.AddField(
            model_name='complaintlink',
            name='by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='complaintlink',
            name='earlier',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='later_links', to='complaints.complaint', verbose_name='earlier'),
        ),
        migrations.AddField(
            model_name='complaintlink',
            name='later',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='earlier_links', to='complaints.complaint', verbose_name='later'),
        ),
        migrations.AddField(
            model_name='questionedaccess',
            name='complaint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questioned_accesses', to='complaints.complaint', verbose_name='complaint'),
        ),
        migrations.AddField(
            model_name='questionedaccess',
            name='record',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='access.accessrecord', verbose_name='access record'),
        ),
        migrations.AddConstraint(
            model_name='complaintlink',
            constraint=models.UniqueConstraint(fields=('earlier', 'later'), name='complaintlink_once'),
        ),
        migrations.AddConstraint(
            model_name='complaintlink',
            constraint=models.CheckConstraint(condition=models.Q(('earlier__lt', models.F('later'))), name='complaintlink_in_order'),
        ),
        migrations.AddConstraint(
            model_name='questionedaccess',
            constraint=models.UniqueConstraint(fields=('complaint', 'record'), name='questionedaccess_once'),
        ),
    ]
