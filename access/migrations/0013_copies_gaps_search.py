from django.db import migrations, models

# What is remembered of a copy only grows, and what was found is never changed. Records are noted
# for their seal by the trigger alone: the role of the running portal adds no note of its own.
GUARDS = """
CREATE FUNCTION access_guard_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.name = OLD.name AND NEW.number >= OLD.number THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what was copied is never forgotten' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER access_guard_copy BEFORE UPDATE OR DELETE ON access_sealcopy
    FOR EACH ROW EXECUTE FUNCTION access_guard_copy();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_accessverification
    FOR EACH ROW EXECUTE FUNCTION portal_append_only();
ALTER FUNCTION access_note_unsealed() SECURITY DEFINER SET search_path = public, pg_temp;
"""
GUARDS_AWAY = """
ALTER FUNCTION access_note_unsealed() SECURITY INVOKER RESET search_path;
DROP TRIGGER append_only ON access_accessverification;
DROP TRIGGER access_guard_copy ON access_sealcopy;
DROP FUNCTION access_guard_copy();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0012_occasion'),
        ("common", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name='SealCopy',
            fields=[
                ('name', models.CharField(max_length=32, primary_key=True, serialize=False, verbose_name='name')),
                ('number', models.PositiveBigIntegerField(default=0, verbose_name='last seal')),
            ],
            options={
                'verbose_name': 'copy of the seals',
                'verbose_name_plural': 'copies of the seals',
            },
        ),
        migrations.AddField(
            model_name='accessverification',
            name='compared',
            field=models.PositiveBigIntegerField(default=0, verbose_name='compared with the copy outside'),
        ),
        migrations.AddField(
            model_name='accessverification',
            name='gaps',
            field=models.PositiveIntegerField(default=0, verbose_name='times without seals'),
        ),
        migrations.AddField(
            model_name='accessverification',
            name='up_to',
            field=models.PositiveBigIntegerField(default=0, verbose_name='up to seal'),
        ),
        migrations.AlterField(
            model_name='accessverification',
            name='fault',
            field=models.CharField(blank=True, choices=[('changed', 'record changed'), ('removed', 'record removed'), ('inserted', 'record inserted, and never sealed'), ('reordered', "record in another's place"), ('seal', 'seal changed or out of order'), ('copy', 'seal differs from the copy outside'), ('lost', 'seal of the copy outside is missing here'), ('cut', 'copy outside is missing or was shortened'), ('misdated', 'record of another time than its seal')], max_length=10, verbose_name='first fault'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(condition=models.Q(('case_reference', ''), _negated=True), fields=['case_reference', '-id'], name='accessrecord_case'),
        ),
        migrations.AddIndex(
            model_name='accessrecord',
            index=models.Index(fields=['customer'], name='accessrecord_beginning', opclasses=['varchar_pattern_ops']),
        ),
        migrations.RunSQL(GUARDS, GUARDS_AWAY),
    ]
