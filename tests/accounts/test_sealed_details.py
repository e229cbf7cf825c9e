"""Phone and address are sealed in the database and plain to those who may read them."""

import copy
import pickle
import subprocess

import pytest
from django.contrib.admin.utils import display_for_field
from django.core.exceptions import FieldError, ValidationError
from django.core.serializers import deserialize, serialize
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Value
from django.forms import modelform_factory
from django.urls import reverse
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.details import correct_details
from accounts.models import Customer
from common.encryption.fields import EncryptedTextField, SearchHashField
from common.encryption.keyring import KeyRing
from common.encryption.sealing import DecryptionError, EncryptionError
from privacyportal import embedded
from tests.accounts.test_sign_up import FORM, mailed_code, sign_up
from tests.factories import PASSWORD, make_customer

PHONE, ADDRESS = "+84912345678", "1 Lê Lợi, Huế"
HISTORY = Customer.history.model


def stored(table, name, pk):
    key = "history_id" if "historical" in table else "id"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {table} WHERE {key} = %s", [pk])
        return cursor.fetchone()[0]


def put(name, pk, value):
    """Write into the table past the model, as somebody with the database could."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_customer SET {name} = %s WHERE id = %s", [value, pk])


@pytest.fixture
def customer(db):
    return make_customer(phone=PHONE, address=ADDRESS)


def test_columns_of_table_and_history_are_sealed_and_attributes_are_plain(customer):
    past = customer.history.get()

    for table, row in (("accounts_customer", customer), ("accounts_historicalcustomer", past)):
        assert stored(table, "phone", row.pk).startswith("v1.test.")
        assert stored(table, "address", row.pk).startswith("v1.test.")
        fresh = type(row).objects.get(pk=row.pk)
        assert (fresh.phone, fresh.address) == (PHONE, ADDRESS)


def test_empty_details_are_stored_as_they_are_and_can_be_asked_for(customer):
    empty = make_customer(phone="", address="")

    assert stored("accounts_customer", "phone", empty.pk) == ""
    assert Customer.objects.get(phone="") == empty
    assert Customer.objects.get(pk=empty.pk).address == ""
    assert (empty.phone_hash, Customer.objects.filter(phone__in=[""]).count()) == ("", 1)


def test_values_show_no_plain_text(customer):
    values = list(Customer.objects.values_list("phone", "address"))

    assert f"{values} {values[0][0]}" == "[(<sealed>, <sealed>)] <sealed>"
    assert values[0][0].open(customer.public_id) == PHONE
    with pytest.raises(DecryptionError):
        values[0][0].open("another row")


def test_an_instance_that_was_only_loaded_carries_no_plain_text_about(customer):
    loaded = Customer.objects.get()

    assert loaded.phone == PHONE
    for copied in (pickle.loads(pickle.dumps(loaded)), copy.copy(loaded), copy.deepcopy(loaded)):
        assert (copied.phone, copied.address) == (PHONE, ADDRESS)
    assert PHONE.encode() not in pickle.dumps(loaded)
    assert PHONE not in repr(vars(loaded))


def test_deferred_and_reloaded_details_open(customer):
    assert Customer.objects.defer("phone").get().phone == PHONE
    assert Customer.objects.only("address").get().address == ADDRESS

    customer.phone = "typed"
    customer.refresh_from_db(fields=["phone"])
    assert customer.phone == PHONE


@pytest.mark.parametrize("rows", [1, 3])
def test_reading_a_list_asks_once(db, django_assert_num_queries, rows):
    for _row in range(rows):
        make_customer(phone=PHONE)

    with django_assert_num_queries(1):
        assert {row.phone for row in Customer.objects.all()} == {PHONE}


def test_no_query_brings_plain_text(customer):
    before = stored("accounts_customer", "phone", customer.pk)
    rows = Customer.objects

    for attempt in (
        lambda: rows.filter(phone=PHONE).first(),
        lambda: rows.filter(phone__in=[PHONE]).first(),
        lambda: rows.update(phone="+84900000000"),
        lambda: rows.bulk_update([rows.get()], ["phone"]),
        lambda: bulk_update_with_history([rows.get()], Customer, ["phone"]),
        lambda: rows.update(phone=rows.values_list("address", flat=True)[0]),
    ):
        with pytest.raises(EncryptionError, match="phone is encrypted"), transaction.atomic():
            attempt()
    for lookup in ("contains", "startswith", "iexact", "regex", "gt"):
        with pytest.raises(FieldError):
            rows.filter(**{f"phone__{lookup}": "+84"})
    assert stored("accounts_customer", "phone", customer.pk) == before


@pytest.mark.parametrize("table", ["accounts_customer", "accounts_historicalcustomer"])
@pytest.mark.parametrize("name", ["phone", "address"])
def test_the_database_itself_takes_nothing_unsealed(customer, table, name):
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE {table} SET {name} = %s", ["+84900000000"])
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.update(**{name: Value("plain")})


def test_the_column_of_hashes_takes_no_number(customer):
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.update(phone_hash=PHONE)


def test_a_seal_of_another_row_opens_nothing(customer):
    other = make_customer(phone="+84900000000")
    put("phone", customer.pk, stored("accounts_customer", "phone", other.pk))
    with pytest.raises(DecryptionError):
        _ = Customer.objects.get(pk=customer.pk).phone


def test_a_seal_of_another_column_opens_nothing(customer):
    Customer.objects.update(phone=F("address"))
    with pytest.raises(DecryptionError):
        _ = Customer.objects.get().phone


def test_a_seal_of_another_table_opens_nothing(customer):
    past = customer.history.get()
    put("phone", customer.pk, stored("accounts_historicalcustomer", "phone", past.pk))
    with pytest.raises(DecryptionError):
        _ = Customer.objects.get().phone


def test_a_wrong_key_is_an_error_and_never_text(customer, settings):
    settings.ENCRYPTION_KEYS = KeyRing({"test": bytes(32)})
    with pytest.raises(DecryptionError):
        _ = Customer.objects.get().phone
    settings.ENCRYPTION_KEYS = KeyRing({"other": bytes(32)})
    with pytest.raises(DecryptionError):
        Customer.objects.get().refresh_from_db()


def test_only_text_is_sealed_and_only_for_a_row_with_a_name(db):
    for details in ({"phone": 912}, {"phone": F("address")}, {"phone": PHONE, "public_id": ""}):
        with pytest.raises(EncryptionError), transaction.atomic():
            make_customer(**details)


# History


def test_history_reads_as_it_was_written(customer):
    before = customer.history.latest().history_date
    correct_details(
        customer,
        details={"full_name": customer.full_name, "phone": "", "address": "Đà Nẵng"},
        by=customer.user,
    )
    newer, older = customer.history.all()

    assert [(row.phone, row.address) for row in (older, newer)] == [
        (PHONE, ADDRESS),
        ("", "Đà Nẵng"),
    ]
    assert {(each.field, each.old, each.new) for each in newer.diff_against(older).changes} == {
        ("phone", PHONE, ""),
        ("address", ADDRESS, "Đà Nẵng"),
    }
    assert older.instance.phone == PHONE
    assert Customer.history.as_of(before).get().address == ADDRESS
    assert customer.history.most_recent().address == "Đà Nẵng"
    assert older.next_record.prev_record.phone == PHONE


def test_rows_written_at_once_are_sealed_with_their_history(db):
    rows = [
        Customer(full_name="A", email=f"{n}@example.com", phone=f"+8490000000{n}") for n in "12"
    ]

    bulk_create_with_history(rows, Customer)

    for row in Customer.objects.order_by("email"):
        assert stored("accounts_customer", "phone", row.pk).startswith("v1.")
        assert row.history.get().phone == row.phone == f"+8490000000{row.email[0]}"
        assert Customer.objects.get(Customer.found_by("phone", row.phone)) == row


def test_history_has_no_search_hash():
    assert "phone_hash" not in {field.name for field in HISTORY._meta.fields}


# Search


def test_a_number_is_found_under_every_key_of_the_ring(customer, settings):
    old = settings.ENCRYPTION_KEYS.keys
    settings.ENCRYPTION_KEYS = KeyRing({"new": bytes(range(32)), **old})
    later = make_customer(phone=PHONE)
    make_customer(phone="+84900000000")

    assert set(Customer.objects.filter(Customer.found_by("phone", PHONE))) == {customer, later}
    assert later.phone_hash.startswith("h1.new.")


def test_the_hash_follows_the_number_whatever_is_saved(customer):
    customer.phone = "+84900000000"
    customer.save(update_fields=["phone"])
    assert Customer.objects.filter(Customer.found_by("phone", customer.phone)).exists()
    assert not Customer.objects.filter(Customer.found_by("phone", PHONE)).exists()

    customer.phone = ""
    customer.save()
    assert Customer.objects.get().phone_hash == ""


# Forms, validation, fixtures, declarations


def test_the_plain_text_is_validated_before_it_is_sealed(customer):
    customer.full_clean()
    customer.address = "x" * 301
    with pytest.raises(ValidationError) as refusal:
        customer.full_clean()
    assert list(refusal.value.message_dict) == ["address"]


def test_the_longest_address_fits(db):
    longest = "ễ" * 300
    assert Customer.objects.get(pk=make_customer(address=longest).pk).address == longest


def test_forms_and_read_only_pages_show_plain_text(customer):
    form_class = modelform_factory(Customer, fields=["phone", "address"])
    form = form_class({"phone": PHONE, "address": "Đà Nẵng"}, instance=Customer.objects.get())

    assert form.initial == {"phone": PHONE, "address": ADDRESS}
    assert form.changed_data == ["address"]
    form.save()
    fresh = Customer.objects.get()
    assert fresh.address == "Đà Nẵng"
    assert display_for_field(fresh.phone, Customer._meta.get_field("phone"), "–") == PHONE


def test_no_fixture_takes_sealed_details_out_or_in(customer):
    with pytest.raises(EncryptionError, match="goes into no fixture"):
        serialize("json", Customer.objects.all())

    fixture = (
        '[{"model": "accounts.customer", "pk": 99, "fields": {"public_id": "a", "full_name": "A",'
        ' "email": "a@example.com", "phone": "+84900000000"}}]'
    )
    with pytest.raises(EncryptionError, match="nor a fixture"), transaction.atomic():
        next(deserialize("json", fixture)).save()
    assert Customer.objects.get() == customer


def test_a_column_that_names_no_field_is_reported():
    sealed = EncryptedTextField(row="nothing", max_length=9)
    hashed = SearchHashField(of="nothing")
    sealed.set_attributes_from_name("sealed")
    hashed.set_attributes_from_name("hashed")
    sealed.model, hashed.model = Customer, HISTORY
    assert [fault.id for fault in sealed.check()] == ["common.E010"]
    assert [fault.id for fault in hashed.check()] == ["common.E010", "common.E011"]


# The whole database


def dumped():
    """Return the whole database as pg_dump writes it."""
    settings = connection.settings_dict
    command = [
        *(embedded.postgres_binaries() / "pg_dump", "--no-password"),
        *("--host", settings["HOST"] or settings["OPTIONS"].get("host"), "--port"),
        *(str(settings["PORT"] or 5432), "--username", settings["USER"], settings["NAME"]),
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("portal")
def test_a_dump_of_the_database_tells_no_number_and_no_address(client):
    sign_up(client)
    client.post(reverse("account_email_verification_sent"), {"code": mailed_code()})
    corrected = {"full_name": FORM["full_name"], "phone": "0987 654 321", "address": "9 Hàm Nghi"}
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("edit_details"), corrected)
    customer = Customer.objects.get()
    assert (customer.phone, customer.history.count()) == ("+84987654321", 2)

    dump = dumped()

    for clear in (FORM["email"], FORM["full_name"], customer.public_id):
        assert clear in dump
    for secret in ("912345678", "912 345 678", FORM["address"], "987654321", "9 Hàm Nghi"):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    assert PASSWORD not in dump
