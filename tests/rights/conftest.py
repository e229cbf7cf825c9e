"""Customers who take their data along, and what they find in it."""

import csv
import io
import json
import zipfile

import pytest

from common.files import open_stored
from rights.exports import ask_export, make_next_export
from tests.factories import make_customer


@pytest.fixture
def customer(client, db):
    customer = make_customer(full_name="Nguyễn Văn Ưng", language="en")
    client.force_login(customer.user)
    return customer


def ask(customer):
    return ask_export(customer, by=customer.user)


def make_export(customer):
    """A copy as a customer gets it: asked for, and made by a worker."""
    export = ask(customer)
    assert make_next_export()
    export.refresh_from_db()
    return export


class Copy:
    """What is in the file of an export."""

    def __init__(self, content):
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        assert self._archive.testzip() is None
        self.names = self._archive.namelist()
        self.document = json.loads(self.read("data.json"))
        self.tables = {table["table"]: table for table in self.document["tables"]}

    def read(self, name):
        return self._archive.read(name)

    def text(self):
        return "\n".join(self.read(name).decode(errors="replace") for name in self.names)

    def records(self, table):
        """The records of a table, each as its values by name."""
        return [
            {field["name"]: field["value"] for field in record["fields"]}
            for record in self.tables[table]["records"]
        ]

    def rows(self, name):
        """A table for people, without its head."""
        text = self.read(name).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline="")))[1:]


def copy_of(export):
    with open_stored(str(export.file), owner=export.customer.public_id) as stored:
        return Copy(stored.readall())
