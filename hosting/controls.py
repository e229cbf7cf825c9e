"""What the inventory says about the promises."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from hosting.models import LONGEST_DESCRIPTION, HostedService
from policies.models import Promise
from policies.promises import Measure, Unit, broken, control, not_measured

SERVERS_UNSEEN = _(
    "The portal has room for short descriptions and none for content; servers are not seen here."
)
# Columns of the inventory, as the database has them, that could take more than a description.
ROOM_FOR_CONTENT = """
    SELECT count(*) FROM pg_attribute
    WHERE attrelid = ANY (%s::regclass[]) AND attnum > 0 AND NOT attisdropped
        AND atttypid NOT IN ('int4'::regtype, 'int8'::regtype, 'date'::regtype,
                             'timestamptz'::regtype, 'bool'::regtype)
        AND NOT (atttypid = 'varchar'::regtype AND atttypmod - 4 BETWEEN 1 AND %s)
"""


@control(
    "hosted_inventory",
    counts=_("Columns of the inventory in which content would have room"),
    missing=SERVERS_UNSEEN,
)
def hosted_inventory(promise: Promise) -> Measure:
    """Ask the database whether the inventory has a column that could take content.

    What is held of the customer's own data is this inventory alone, apart from all that is held
    about the customer. What the servers host nobody here can see, so that the promise is never
    shown kept.
    """
    tables = [HostedService._meta.db_table, HostedService.history.model._meta.db_table]
    with connection.cursor() as cursor:
        cursor.execute(ROOM_FOR_CONTENT, [tables, LONGEST_DESCRIPTION])
        (number,) = cursor.fetchone() or (0,)
    if number:
        return broken(number, Unit.FACTS, note=_("A column of the inventory takes content."))
    return not_measured(SERVERS_UNSEEN)
