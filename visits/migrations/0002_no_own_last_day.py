from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('visits', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='pageday',
            name='pageday_kept_until',
        ),
        migrations.RemoveField(
            model_name='pageday',
            name='kept_until',
        ),
    ]
