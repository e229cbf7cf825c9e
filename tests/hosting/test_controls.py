"""What the inventory says about the promises of hosting."""

import pytest
from django.db import connection

from tests.answers import answer_of
from tests.hosting.conftest import make_service

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", ["VS-1", "VS-6"])
@pytest.mark.parametrize(
    "column", ["content bytea", "content text", "content jsonb", "content varchar(4000)"]
)
@pytest.mark.parametrize("table", ["hosting_hostedservice", "hosting_historicalhostedservice"])
def test_vs_1_and_vs_6_are_broken_by_room_for_content_and_never_called_kept(
    table, column, code, customer
):
    make_service(customer)
    assert answer_of(code) == ("not_measured", None, "")

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column}")

    assert answer_of(code) == ("broken", 1, "facts")
