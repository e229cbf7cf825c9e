
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0007_messages_append_only'),
        ('complaints', '0005_tighten_answers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalReplyTemplate',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name_vi', models.CharField(max_length=80, verbose_name='name (Vietnamese)')),
                ('name_en', models.CharField(max_length=80, verbose_name='name (English)')),
                ('text_vi', models.TextField(max_length=10000, verbose_name='text (Vietnamese)')),
                ('text_en', models.TextField(max_length=10000, verbose_name='text (English)')),
                ('is_retired', models.BooleanField(default=False, verbose_name='retired')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical reply template',
                'verbose_name_plural': 'historical reply templates',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ReplyTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name_vi', models.CharField(max_length=80, verbose_name='name (Vietnamese)')),
                ('name_en', models.CharField(max_length=80, verbose_name='name (English)')),
                ('text_vi', models.TextField(max_length=10000, verbose_name='text (Vietnamese)')),
                ('text_en', models.TextField(max_length=10000, verbose_name='text (English)')),
                ('is_retired', models.BooleanField(default=False, verbose_name='retired')),
            ],
            options={
                'verbose_name': 'reply template',
                'verbose_name_plural': 'reply templates',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, verbose_name='name')),
                ('query', models.CharField(max_length=500, verbose_name='filter')),
            ],
            options={
                'verbose_name': 'saved filter',
                'verbose_name_plural': 'saved filters',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddIndex(
            model_name='complaint',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('text', config='simple'), name='complaint_words'),
        ),
        migrations.AddField(
            model_name='historicalreplytemplate',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='replytemplate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('name_vi', ''), _negated=True), models.Q(('name_en', ''), _negated=True), models.Q(('text_vi', ''), _negated=True), models.Q(('text_en', ''), _negated=True)), name='replytemplate_in_both_languages'),
        ),
        migrations.AddField(
            model_name='savedfilter',
            name='staff',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='member of staff'),
        ),
        migrations.AddConstraint(
            model_name='savedfilter',
            constraint=models.UniqueConstraint(fields=('staff', 'name'), name='savedfilter_name_once'),
        ),
    ]
