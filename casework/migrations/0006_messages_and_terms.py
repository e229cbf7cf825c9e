
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0027_index_opened'),
        ('casework', '0005_unauthorised_use'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('named', 'the case is about them'), ('access', 'their access to the data is in question'), ('declared', 'they declared an interest of their own'), ('decided', 'they decided before, and the customer disagreed')], max_length=10, verbose_name='because')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'conflict of interest',
                'verbose_name_plural': 'conflicts of interest',
            },
        ),
        migrations.CreateModel(
            name='CaseMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_customer', models.BooleanField(verbose_name='from the customer')),
                ('is_question', models.BooleanField(default=False, verbose_name='asks for an answer')),
                ('text', models.TextField(max_length=10000, verbose_name='message')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='CaseNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about', models.SlugField(blank=True, max_length=40, verbose_name='reason for')),
                ('text', models.TextField(max_length=10000, verbose_name='note')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
            ],
            options={
                'verbose_name': 'internal note',
                'verbose_name_plural': 'internal notes',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='CaseReminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField(verbose_name='on')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='reminded')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'ordering': ['on', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='case',
            name='complexity',
            field=models.CharField(blank=True, choices=[('simple', 'simple'), ('ordinary', 'ordinary'), ('complex', 'complex')], editable=False, max_length=10, verbose_name='complexity'),
        ),
        migrations.AddField(
            model_name='case',
            name='severity',
            field=models.CharField(blank=True, choices=[('low', 'low'), ('medium', 'medium'), ('high', 'high')], editable=False, max_length=10, verbose_name='severity'),
        ),
        migrations.AddField(
            model_name='case',
            name='waiting_since',
            field=models.DateTimeField(editable=False, null=True, verbose_name='waiting since'),
        ),
        migrations.AddField(
            model_name='clock',
            name='extended_by',
            field=models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='extended by'),
        ),
        migrations.AddField(
            model_name='clock',
            name='paused_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='stands still since'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('waiting_since', None), _connector='OR'), name='case_closed_waits_for_nobody'),
        ),
        migrations.AddField(
            model_name='caseconflict',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conflicts', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='caseconflict',
            name='staff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='member of staff'),
        ),
        migrations.AddField(
            model_name='casemessage',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='casemessage',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='casenote',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by'),
        ),
        migrations.AddField(
            model_name='casenote',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notes', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='casereminder',
            name='case',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='casework.case', verbose_name='case'),
        ),
        migrations.AddField(
            model_name='casereminder',
            name='staff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='member of staff'),
        ),
        migrations.AddConstraint(
            model_name='caseconflict',
            constraint=models.UniqueConstraint(fields=('case', 'staff'), name='caseconflict_once'),
        ),
        migrations.AddConstraint(
            model_name='casemessage',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='casemessage_says_something'),
        ),
        migrations.AddConstraint(
            model_name='casemessage',
            constraint=models.CheckConstraint(condition=models.Q(('is_question', False), ('from_customer', False), _connector='OR'), name='casemessage_the_company_asks'),
        ),
        migrations.AddConstraint(
            model_name='casenote',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='casenote_says_something'),
        ),
        migrations.AddIndex(
            model_name='casereminder',
            index=models.Index(condition=models.Q(('sent_at', None)), fields=['on'], name='casereminder_waiting'),
        ),
        migrations.AddConstraint(
            model_name='casereminder',
            constraint=models.UniqueConstraint(fields=('case', 'staff', 'on'), name='casereminder_once'),
        ),
    ]
