from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="DoomedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=100, unique=True, verbose_name="path")),
                ("removable_at", models.DateTimeField(verbose_name="removable from")),
            ],
            options={"verbose_name": "file to remove", "verbose_name_plural": "files to remove"},
        ),
    ]
