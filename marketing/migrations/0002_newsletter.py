import common.tokens
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('marketing', '0001_suppressions'),
        ('policies', '0016_tighten_result_control'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalNewsletterIssue',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('subject_vi', models.CharField(max_length=120, verbose_name='subject (Vietnamese)')),
                ('subject_en', models.CharField(max_length=120, verbose_name='subject (English)')),
                ('body_vi', models.TextField(max_length=20000, verbose_name='text (Vietnamese)')),
                ('body_en', models.TextField(max_length=20000, verbose_name='text (English)')),
                ('is_own', models.BooleanField(default=False, verbose_name="speaks of the company's own services alone")),
                ('started_at', models.DateTimeField(editable=False, null=True, verbose_name='sending began')),
                ('total', models.PositiveIntegerField(default=0, editable=False, verbose_name='readers at the start')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('purpose', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='policies.purpose', verbose_name='purpose')),
            ],
            options={
                'verbose_name': 'historical newsletter issue',
                'verbose_name_plural': 'historical newsletter issues',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='NewsletterIssue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject_vi', models.CharField(max_length=120, verbose_name='subject (Vietnamese)')),
                ('subject_en', models.CharField(max_length=120, verbose_name='subject (English)')),
                ('body_vi', models.TextField(max_length=20000, verbose_name='text (Vietnamese)')),
                ('body_en', models.TextField(max_length=20000, verbose_name='text (English)')),
                ('is_own', models.BooleanField(default=False, verbose_name="speaks of the company's own services alone")),
                ('started_at', models.DateTimeField(editable=False, null=True, verbose_name='sending began')),
                ('total', models.PositiveIntegerField(default=0, editable=False, verbose_name='readers at the start')),
                ('queued', models.PositiveIntegerField(default=0, editable=False, verbose_name='mails written')),
                ('last_customer', models.BigIntegerField(default=0, editable=False, verbose_name='customers passed')),
                ('last_subscriber', models.BigIntegerField(default=0, editable=False, verbose_name='subscribers passed')),
                ('finished_at', models.DateTimeField(editable=False, null=True, verbose_name='all written')),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.purpose', verbose_name='purpose')),
            ],
            options={
                'verbose_name': 'newsletter issue',
                'verbose_name_plural': 'newsletter issues',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('finished_at', None), ('finished_at__gte', models.F('started_at')), _connector='OR'), name='newsletterissue_begins_before_it_ends'), models.CheckConstraint(condition=models.Q(('started_at', None), ('is_own', True), _connector='OR'), name='newsletterissue_sent_is_own'), models.CheckConstraint(condition=models.Q(models.Q(('body_vi', ''), _negated=True), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('body_vi'), 20000)), name='newsletterissue_body_vi_fits'), models.CheckConstraint(condition=models.Q(models.Q(('body_en', ''), _negated=True), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('body_en'), 20000)), name='newsletterissue_body_en_fits')],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=common.tokens.new_public_id, editable=False, max_length=32, unique=True, verbose_name='public id')),
                ('email', models.EmailField(max_length=254, verbose_name='email')),
                ('wording', models.TextField(verbose_name='wording')),
                ('wording_sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('language', models.CharField(choices=[('vi', 'Tiếng Việt'), ('en', 'English')], max_length=2, verbose_name='language')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed')),
                ('policy_version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.policyversion', verbose_name='policy version')),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.purpose', verbose_name='purpose')),
            ],
            options={
                'verbose_name': 'subscription',
                'verbose_name_plural': 'subscriptions',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['email'], name='subscription_email'), models.Index(condition=models.Q(('confirmed_at', None)), fields=['asked_at'], name='subscription_unconfirmed')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('confirmed_at', None), _negated=True), fields=('email', 'purpose'), name='subscription_once'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='subscription_email_is_lower'), models.CheckConstraint(condition=models.Q(('confirmed_at', None), ('confirmed_at__gte', models.F('asked_at')), _connector='OR'), name='subscription_confirmed_later')],
            },
        ),
    ]
