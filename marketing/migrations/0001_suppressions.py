import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('policies', '0013_consent_months_and_newsletter'),
    ]

    operations = [
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact_hash', models.CharField(max_length=80, verbose_name='address or number, hashed')),
                ('channel', models.CharField(choices=[('none', 'none'), ('email', 'email'), ('sms', 'SMS'), ('phone', 'phone'), ('advertising', 'advertising')], max_length=20, verbose_name='channel')),
                ('reason', models.CharField(choices=[('refused', 'refused or withdrawn in the account'), ('unsubscribed', 'unsubscribed by the link in a mail')], max_length=20, verbose_name='because')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('lifted_at', models.DateTimeField(null=True, verbose_name='lifted by a new consent')),
                ('purpose', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='policies.purpose', verbose_name='purpose')),
            ],
            options={
                'verbose_name': 'suppression',
                'verbose_name_plural': 'suppressions',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('contact_hash', 'purpose'), name='suppression_once'), models.CheckConstraint(condition=models.Q(('lifted_at', None), ('lifted_at__gte', models.F('at')), _connector='OR'), name='suppression_lifted_later'), models.CheckConstraint(condition=models.Q(('channel', 'none'), _negated=True), name='suppression_of_marketing')],
            },
        ),
    ]
