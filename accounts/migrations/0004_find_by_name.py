from django.db import migrations, models

from accounts.models.people import Folded

# Marks are taken off after a name is taken apart; Đ has none and is folded by hand.
FUNCTION = r"""
CREATE FUNCTION portal_folded(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(translate(
        regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g'), 'Đđ', 'dd'
    ))
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_append_only")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION portal_folded(text);"),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(Folded("full_name"), name="customer_folded_name"),
        ),
    ]
