
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('complaints', '0010_index_unsettled'),
    ]

    operations = [
        migrations.AddField(
            model_name='complaint',
            name='answered_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='answered'),
        ),
        migrations.AddField(
            model_name='historicalcomplaint',
            name='answered_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='answered'),
        ),
    ]
