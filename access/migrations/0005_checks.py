from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0004_index_recent_access'),
    ]

    operations = [
        migrations.AlterField(
            model_name='accessrecord',
            name='action',
            field=models.CharField(choices=[('list', 'masked list'), ('search', 'search'), ('open', 'opened'), ('reveal', 'revealed in full'), ('history', 'change history'), ('download', 'file downloaded'), ('export', 'exported'), ('check', 'asked whether contact is allowed')], max_length=10, verbose_name='action'),
        ),
    ]
