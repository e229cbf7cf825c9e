from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0012_text_hash'),
    ]

    operations = [
        migrations.AddField(
            model_name='company',
            name='consent_months',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Then a consent expires and is asked anew. Empty: until it is withdrawn.', null=True, verbose_name='consents last, in months'),
        ),
        migrations.AddField(
            model_name='company',
            name='newsletter',
            field=models.SlugField(blank=True, help_text='Anybody may subscribe to mails for this purpose. Empty: nobody may.', max_length=40, verbose_name='purpose of the newsletter'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='consent_months',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Then a consent expires and is asked anew. Empty: until it is withdrawn.', null=True, verbose_name='consents last, in months'),
        ),
        migrations.AddField(
            model_name='historicalcompany',
            name='newsletter',
            field=models.SlugField(blank=True, help_text='Anybody may subscribe to mails for this purpose. Empty: nobody may.', max_length=40, verbose_name='purpose of the newsletter'),
        ),
        migrations.AddConstraint(
            model_name='company',
            constraint=models.CheckConstraint(condition=models.Q(('consent_months', None), ('consent_months__gte', 1), _connector='OR'), name='company_consents_last'),
        ),
    ]
