
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('policies', '0024_fill_optional_fields'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicaltimelimit',
            name='kind',
            field=models.CharField(choices=[('complaint_first_response', 'first response to a complaint'), ('complaint_completion', 'answer to a complaint'), ('enquiry_answer', 'answer to an enquiry'), ('rights_first_response', 'first response to a request'), ('rights_withdraw', 'withdrawal, restriction, objection'), ('rights_access', 'viewing, correction, copy'), ('rights_delete', 'deletion'), ('rights_protect', 'protective measure'), ('breach_authority', 'breach, to the authority'), ('attack_authority', 'attack, to the authority'), ('breach_people', 'breach, to the people concerned'), ('impact_dossier', 'impact dossier'), ('cross_border_dossier', 'cross-border transfer dossier'), ('dossier_update', 'update of a dossier')], max_length=40, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='timelimit',
            name='kind',
            field=models.CharField(choices=[('complaint_first_response', 'first response to a complaint'), ('complaint_completion', 'answer to a complaint'), ('enquiry_answer', 'answer to an enquiry'), ('rights_first_response', 'first response to a request'), ('rights_withdraw', 'withdrawal, restriction, objection'), ('rights_access', 'viewing, correction, copy'), ('rights_delete', 'deletion'), ('rights_protect', 'protective measure'), ('breach_authority', 'breach, to the authority'), ('attack_authority', 'attack, to the authority'), ('breach_people', 'breach, to the people concerned'), ('impact_dossier', 'impact dossier'), ('cross_border_dossier', 'cross-border transfer dossier'), ('dossier_update', 'update of a dossier')], max_length=40, verbose_name='kind'),
        ),
    ]
