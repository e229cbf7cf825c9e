import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The last line behind the purge's own checks, for a hold on a category or a case too.
REFUSE = """
CREATE FUNCTION retention_refuse_held_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM retention_legalhold
        WHERE case_id = (to_jsonb(OLD) ->> TG_ARGV[0])::bigint AND released_at IS NULL
    ) THEN
        RAISE EXCEPTION 'a case is under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER refuse_held BEFORE DELETE ON casework_case
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_case('id');
CREATE TRIGGER refuse_held BEFORE DELETE ON casework_casemessage
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_case('case_id');
CREATE TRIGGER refuse_held BEFORE DELETE ON casework_evidence
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_case('case_id');
CREATE FUNCTION retention_refuse_held_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM retention_legalhold
        WHERE customer_id = OLD.customer_id AND category = TG_ARGV[0] AND released_at IS NULL
    ) THEN
        RAISE EXCEPTION 'data is under a legal hold' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER refuse_held_category BEFORE DELETE ON casework_case
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_category('complaint');
CREATE TRIGGER refuse_held_category BEFORE DELETE ON calls_callrecording
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_category('call_recording');
CREATE TRIGGER refuse_held_category BEFORE DELETE ON hosting_hostedservice
    FOR EACH ROW EXECUTE FUNCTION retention_refuse_held_category('hosted_content');
"""
ALLOW = """
DROP TRIGGER refuse_held_category ON hosting_hostedservice;
DROP TRIGGER refuse_held_category ON calls_callrecording;
DROP TRIGGER refuse_held_category ON casework_case;
DROP FUNCTION retention_refuse_held_category();
DROP TRIGGER refuse_held ON casework_evidence;
DROP TRIGGER refuse_held ON casework_casemessage;
DROP TRIGGER refuse_held ON casework_case;
DROP FUNCTION retention_refuse_held_case();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_index_keys_of_history'),
        ('calls', '0001_initial'),
        ('casework', '0002_append_only'),
        ('hosting', '0001_initial'),
        ('policies', '0004_guard_recipients'),
        ('retention', '0009_orphans'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PurgeFailure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('last_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last tried')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('error', models.CharField(max_length=64, verbose_name='kind of error')),
            ],
            options={
                'verbose_name': 'failed erasure',
                'verbose_name_plural': 'failed erasures',
                'ordering': ['since', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Remainder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('parts', models.JSONField(default=list, verbose_name='what stays')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('until', models.DateField(null=True, verbose_name='until')),
                ('looked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='looked at')),
            ],
            options={
                'verbose_name': 'remainder of a customer',
                'verbose_name_plural': 'remainders of customers',
            },
        ),
        migrations.RemoveIndex(
            model_name='purgerun',
            name='purgerun_in_doubt',
        ),
        migrations.AddField(
            model_name='historicallegalhold',
            name='case',
            field=models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='historicallegalhold',
            name='category',
            field=models.CharField(blank=True, editable=False, max_length=20, verbose_name='data'),
        ),
        migrations.AddField(
            model_name='historicallegalhold',
            name='review',
            field=models.TextField(blank=True, max_length=2000, verbose_name='still needed because'),
        ),
        migrations.AddField(
            model_name='historicallegalhold',
            name='reviewed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='reviewed'),
        ),
        migrations.AddField(
            model_name='historicallegalhold',
            name='reviewed_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewed by'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='case',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='category',
            field=models.CharField(blank=True, editable=False, max_length=20, verbose_name='data'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='review',
            field=models.TextField(blank=True, max_length=2000, verbose_name='still needed because'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='reviewed_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='reviewed'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='reviewed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewed by'),
        ),
        migrations.AddField(
            model_name='purgerun',
            name='partly',
            field=models.PositiveIntegerField(default=0, verbose_name='erased but for a part'),
        ),
        migrations.AddIndex(
            model_name='purgerun',
            index=models.Index(condition=models.Q(models.Q(('residue', []), _negated=True), models.Q(models.Q(('erased__gt', 0), ('partly__gt', 0), _connector='OR'), ('searched_at', None), ('searches', True)), _connector='OR'), fields=['started_at'], name='purgerun_in_doubt'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(('category', ''), ('case', None), _connector='OR'), name='legalhold_category_or_case'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review', ''), ('reviewed_at', None), ('reviewed_by', None)), models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False), models.Q(('review', ''), _negated=True)), _connector='OR'), name='legalhold_reviewed_by_somebody_for_a_reason'),
        ),
        migrations.AddField(
            model_name='purgefailure',
            name='customer',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.customer', verbose_name='customer'),
        ),
        migrations.AddField(
            model_name='remainder',
            name='customer',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='remainder', to='accounts.customer', verbose_name='customer'),
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
