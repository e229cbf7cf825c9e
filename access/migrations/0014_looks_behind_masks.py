from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('access', '0013_copies_gaps_search'),
    ]

    operations = [
        migrations.AlterField(
            model_name='accessrecord',
            name='action',
            field=models.CharField(choices=[('list', 'masked list'), ('search', 'search'), ('open', 'opened'), ('masked', 'seen behind masks'), ('reveal', 'revealed in full'), ('history', 'change history'), ('download', 'file downloaded'), ('play', 'recording played'), ('export', 'exported'), ('check', 'asked whether a use is allowed'), ('print', 'printed'), ('shell', 'opened a command line')], max_length=10, verbose_name='action'),
        ),
        migrations.AlterField(
            model_name='accessseal',
            name='number',
            field=models.PositiveBigIntegerField(primary_key=True, serialize=False, verbose_name='number of the seal'),
        ),
    ]
