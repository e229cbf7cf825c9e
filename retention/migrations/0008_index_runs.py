from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0005_more_categories'),
        ('retention', '0007_rehearsals'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='purgerun',
            index=models.Index(fields=['started_at'], name='purgerun_started'),
        ),
    ]
