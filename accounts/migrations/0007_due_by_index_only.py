from django.db import migrations, models
from django.db.models import Q

INDEX = "customer_kept_until"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_proofs_kept_until'),
    ]

    # The key in the index as well: the purge looks for the keys of who is due, and their rows lie
    # anywhere.
    operations = [
        migrations.RemoveIndex(model_name='customer', name=INDEX),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(
                condition=Q(('kept_until', None), _negated=True),
                fields=['closing_rule', 'kept_until', 'id'],
                name=INDEX,
            ),
        ),
    ]
