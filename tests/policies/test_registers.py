from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from common.attachments import PDF, AttachmentRefused, CheckedFile, check_attachment
from common.files import open_stored
from common.models import DoomedFile, FileKey
from common.personal_data import DataCategory
from policies.exceptions import ChangeRefused
from policies.loading import load_profile
from policies.models import Agreement, Company, Purpose, Recipient, RecipientKind
from policies.registers import (
    add_agreement,
    end_agreement,
    left_without_purpose,
    retire_purpose,
    retire_recipient,
    save_purpose,
    save_recipient,
)
from privacyportal.roles import DPO
from tests.factories import make_staff
from tests.threads import at_once

pytestmark = pytest.mark.django_db

CONTACT, ORDER = DataCategory.CONTACT, DataCategory.ORDER
ONE_DAY = timedelta(days=1)
SIGNED = CheckedFile("hợp đồng.pdf", "application/pdf", b"%PDF-1.4 signed", "1" * 64)


@pytest.fixture
def dpo(db):
    return make_staff(DPO)


def purpose_values(**values):
    return {
        "code": "delivery",
        "name_vi": "Giao hàng",
        "name_en": "Delivery",
        "description_vi": "Giao hàng đến nhà.",
        "description_en": "Deliver to the door.",
        "legal_basis": "contract",
        "is_required": True,
        "channel": "none",
        "wording_vi": "",
        "wording_en": "",
        "data_categories": [CONTACT, ORDER],
        **values,
    }


ASKED = {
    "legal_basis": "consent",
    "is_required": False,
    "wording_vi": "Đồng ý?",
    "wording_en": "Do you agree?",
}


def recipient_values(**values):
    return {
        "code": "carrier",
        "name_vi": "Hãng vận chuyển",
        "name_en": "Carrier",
        "kind": RecipientKind.PROCESSOR,
        "description_vi": "Giao hàng.",
        "description_en": "Delivers.",
        "country": "VN",
        "cross_border": False,
        "data_categories": [CONTACT],
        **values,
    }


def make_carrier(dpo, **values):
    purpose = Purpose.objects.filter(code="delivery").first()
    purpose = purpose or save_purpose(None, values=purpose_values(), by=dpo)
    return save_recipient(None, values=recipient_values(**values), purposes=[purpose], by=dpo)


def last_of(row):
    return row.history.first().history_user, row.history.first().history_change_reason


# Purposes


def test_a_purpose_is_added_and_changed_with_its_history(dpo):
    purpose = save_purpose(None, values=purpose_values(), by=dpo)
    assert last_of(purpose) == (dpo, "added")

    save_purpose(purpose, values={"name_en": "Delivery by van"}, by=dpo)

    assert Purpose.objects.get(code="delivery").name_en == "Delivery by van"
    assert last_of(purpose) == (dpo, "changed")
    assert purpose.history.count() == 2


def test_saving_what_is_there_already_writes_nothing(dpo):
    purpose = save_purpose(None, values=purpose_values(), by=dpo)

    save_purpose(purpose, values=purpose_values(), by=dpo)

    assert purpose.history.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"code": "service"},  # the profile's
        {"legal_basis": "consent"},
        {**ASKED, "is_required": True},
        {**ASKED, "wording_en": ""},
        {"wording_vi": "Đồng ý?", "wording_en": "Do you agree?"},
        {"data_categories": []},
    ],
)
def test_a_purpose_that_contradicts_itself_is_refused(values, dpo):
    before = Purpose.objects.count()

    with pytest.raises(ChangeRefused):
        save_purpose(None, values=purpose_values(**values), by=dpo)

    assert Purpose.objects.count() == before


@pytest.mark.parametrize("values", [{"code": "other"}, ASKED])
def test_code_and_legal_basis_are_fixed_once_added(values, dpo):
    purpose = save_purpose(None, values=purpose_values(), by=dpo)

    with pytest.raises(ChangeRefused):
        save_purpose(purpose, values=values, asks_anew=True, by=dpo)

    purpose.refresh_from_db()
    assert (purpose.code, purpose.legal_basis) == ("delivery", "contract")


def test_another_wording_is_confirmed_and_makes_old_consents_count_no_more(dpo):
    purpose = save_purpose(None, values=purpose_values(**ASKED), by=dpo)
    old = purpose.wording_hashes
    new = {"wording_en": "Do you really agree?"}

    with pytest.raises(ChangeRefused):
        save_purpose(purpose, values=new, by=dpo)
    purpose.refresh_from_db()
    assert purpose.wording_hashes == old

    save_purpose(purpose, values=new, asks_anew=True, by=dpo)
    purpose.refresh_from_db()
    assert purpose.wording_hashes != old


def test_a_purpose_keeps_the_data_that_a_recipient_gets_for_it_alone(dpo):
    carrier = make_carrier(dpo)
    purpose = Purpose.objects.get(code="delivery")

    with translation.override("en"), pytest.raises(ChangeRefused, match="“Carrier” receives data"):
        save_purpose(purpose, values={"data_categories": [ORDER]}, by=dpo)
    purpose.refresh_from_db()
    assert purpose.data_categories == [CONTACT, ORDER]

    other = save_purpose(None, values=purpose_values(code="returns"), by=dpo)
    save_recipient(carrier, values={}, purposes=[purpose, other], by=dpo)
    save_purpose(purpose, values={"data_categories": [ORDER]}, by=dpo)
    purpose.refresh_from_db()
    assert purpose.data_categories == [ORDER]


def test_a_retired_purpose_stays_as_it_was(dpo):
    purpose = save_purpose(None, values=purpose_values(), by=dpo)

    retire_purpose(purpose, by=dpo)

    assert purpose.retired_on == timezone.localdate()
    assert last_of(purpose) == (dpo, "retired")
    for step in (
        lambda: retire_purpose(purpose, by=dpo),
        lambda: save_purpose(purpose, values={"name_en": "Again"}, by=dpo),
        lambda: save_purpose(None, values=purpose_values(), by=dpo),
    ):
        with pytest.raises(ChangeRefused):
            step()
    assert Purpose.objects.get(code="delivery").name_en == "Delivery"


def test_purposes_that_staff_added_stay_when_a_changed_profile_is_loaded(acme, dpo):
    load_profile(acme.path)
    purpose = save_purpose(None, values=purpose_values(), by=dpo)
    recipient = make_carrier(dpo)
    acme.breaks('short_name = "', 'short_name = "New ')

    load_profile(acme.path)

    purpose.refresh_from_db()
    recipient.refresh_from_db()
    assert (purpose.retired_on, recipient.retired_on) == (None, None)
    assert list(recipient.purposes.all()) == [purpose]


# Recipients


def test_a_recipient_is_added_and_changed_with_its_purposes(dpo):
    recipient = make_carrier(dpo)
    other = save_purpose(None, values=purpose_values(code="returns"), by=dpo)

    save_recipient(
        recipient, values={"country": "LA", "cross_border": True}, purposes=[other], by=dpo
    )

    recipient.refresh_from_db()
    assert (recipient.country, recipient.cross_border) == ("LA", True)
    assert list(recipient.purposes.all()) == [other]
    assert last_of(recipient) == (dpo, "changed")
    assert [link.purpose for link in recipient.history.first().purposes.all()] == [other]


@pytest.mark.parametrize(
    "values",
    [
        {"code": "authorities"},  # the profile's
        {"country": "XX"},
        {"country": "vn"},
        {"country": "LA"},  # and not outside Viet Nam?
        {"cross_border": True},
        {"data_categories": [CONTACT, DataCategory.DEVICE]},  # no purpose of it uses them
        {"data_categories": [DataCategory.SURVEY_ANSWER]},  # closed by the company
    ],
)
def test_a_recipient_that_contradicts_itself_or_a_promise_is_refused(values, dpo):
    purpose = save_purpose(None, values=purpose_values(), by=dpo)
    before = Recipient.objects.count()

    with pytest.raises(ChangeRefused):
        save_recipient(None, values=recipient_values(**values), purposes=[purpose], by=dpo)

    assert Recipient.objects.count() == before


def test_a_retired_purpose_is_no_recipients(dpo):
    recipient = make_carrier(dpo)
    purpose = Purpose.objects.get(code="delivery")
    retire_purpose(purpose, by=dpo)

    with pytest.raises(ChangeRefused):
        save_recipient(recipient, values={"name_en": "Van"}, purposes=[purpose], by=dpo)

    recipient.refresh_from_db()
    assert recipient.name_en == "Carrier"


@pytest.mark.parametrize("kind", ["partner", "affiliate", "agent", "advertising"])
def test_spm_4_a_forbidden_kind_is_refused_by_the_service_and_by_the_database(kind, dpo):
    load_profile("spm_group")
    purpose = Purpose.objects.get(code="orders")
    values = recipient_values(kind=kind)

    with translation.override("en"), pytest.raises(ChangeRefused, match="promised to give nothing"):
        save_recipient(None, values=values, purposes=[purpose], by=dpo)
    with pytest.raises(IntegrityError), transaction.atomic():
        Recipient.objects.create(**values)

    recipient = save_recipient(None, values=recipient_values(), purposes=[purpose], by=dpo)
    with pytest.raises(ChangeRefused):
        save_recipient(recipient, values={"kind": kind}, purposes=[purpose], by=dpo)


def test_vs_15_hosted_content_is_refused_by_the_service_and_by_the_database(dpo):
    load_profile("vietnam_server")
    purpose = Purpose.objects.get(code="hosting")
    values = recipient_values(data_categories=["hosted_content"])

    with translation.override("en"), pytest.raises(ChangeRefused, match="never to disclose"):
        save_recipient(None, values=values, purposes=[purpose], by=dpo)
    with pytest.raises(IntegrityError), transaction.atomic():
        Recipient.objects.create(**values)
    assert not Recipient.objects.filter(code="carrier").exists()


def test_a_recipient_whose_kind_is_forbidden_since_can_only_be_retired(dpo):
    recipient = make_carrier(dpo)
    Company.objects.update(forbidden_recipient_kinds=["processor"])

    with pytest.raises(ChangeRefused):
        save_recipient(
            recipient, values={"name_en": "Van"}, purposes=recipient.purposes.all(), by=dpo
        )
    retire_recipient(recipient, by=dpo)

    assert recipient.retired_on == timezone.localdate()
    with pytest.raises(ChangeRefused):
        retire_recipient(recipient, by=dpo)


# Agreements


def agree(recipient, dpo, **values):
    values = {"reference": "1/HĐ", "valid_from": date(2026, 1, 1), "valid_to": None, **values}
    return add_agreement(recipient, **{"file": SIGNED, **values}, by=dpo)


def test_an_agreement_keeps_its_document_under_a_random_name(dpo):
    agreement = agree(make_carrier(dpo), dpo)

    with open_stored(agreement.file.name, owner=FileKey.COMPANY) as stored:
        assert stored.read() == SIGNED.content
    with default_storage.open(agreement.file.name) as stored:
        assert SIGNED.content not in stored.read()
    assert "hợp" not in agreement.file.name
    assert (agreement.file_name, agreement.file_sha256) == ("hợp đồng.pdf", "1" * 64)
    assert (agreement.added_by, last_of(agreement)) == (dpo, (dpo, "added"))
    assert not DoomedFile.objects.exists()


@pytest.mark.parametrize(
    "values",
    [{}, {"reference": "2/HĐ", "valid_to": date(2025, 12, 31)}],
)
def test_an_agreement_that_is_refused_leaves_no_file(values, dpo, settings):
    recipient = make_carrier(dpo)
    agree(recipient, dpo)

    with pytest.raises(ChangeRefused):
        agree(recipient, dpo, **values)

    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert (len(files), Agreement.objects.count()) == (1, 1)
    assert not DoomedFile.objects.exists()


def test_a_retired_recipient_is_bound_no_more(dpo):
    recipient = make_carrier(dpo)
    retire_recipient(recipient, by=dpo)

    with pytest.raises(ChangeRefused):
        agree(recipient, dpo)

    assert not Agreement.objects.exists()


def test_an_agreement_ends_earlier_and_never_later(dpo):
    agreement = agree(make_carrier(dpo), dpo)

    yesterday = timezone.localdate() - ONE_DAY

    end_agreement(agreement, last_day=date(2026, 12, 31), by=dpo)
    assert last_of(agreement) == (dpo, "ended")

    for day in (date(2026, 12, 31), date(2027, 1, 1), yesterday, date(2025, 12, 31)):
        with pytest.raises(ChangeRefused):
            end_agreement(agreement, last_day=day, by=dpo)
    agreement.refresh_from_db()
    assert agreement.valid_to == date(2026, 12, 31)


def test_of_an_agreement_the_database_lets_only_the_last_day_change(dpo):
    agreement = agree(make_carrier(dpo), dpo)
    alone = Agreement.objects.filter(pk=agreement.pk)

    for change in (
        {"valid_from": date(2020, 1, 1)},
        {"reference": "9"},
        {"file": "other"},
        {"file_sha256": "0"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            alone.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        alone.delete()

    assert alone.update(valid_to=date(2027, 1, 1)) == 1


@pytest.mark.parametrize(
    ("valid_to", "is_bound", "is_bound_later"),
    [(None, True, True), (29, True, False), (30, True, True), (0, True, False), (-1, False, False)],
)
def test_an_agreement_that_ends_within_30_days_is_to_be_renewed(
    valid_to, is_bound, is_bound_later, dpo
):
    recipient, today = make_carrier(dpo), timezone.localdate()
    last = None if valid_to is None else today + timedelta(days=valid_to)
    agree(recipient, dpo, valid_to=last)

    row = Recipient.objects.with_standing(today).get(pk=recipient.pk)

    assert (row.is_bound, row.is_bound_later) == (is_bound, is_bound_later)
    assert (recipient in Recipient.objects.without_agreement(today)) is not is_bound


def test_a_renewal_takes_the_mark_away(dpo):
    recipient, today = make_carrier(dpo), timezone.localdate()
    agree(recipient, dpo, valid_to=today + ONE_DAY)
    agree(recipient, dpo, reference="2/HĐ", valid_from=today + 2 * ONE_DAY)

    row = Recipient.objects.with_standing(today).get(pk=recipient.pk)

    assert (row.is_bound, row.is_bound_later) == (True, True)


def test_a_recipient_whose_last_purpose_is_retired_has_none(dpo):
    carrier = make_carrier(dpo)
    delivery = Purpose.objects.get(code="delivery")
    other = save_purpose(None, values=purpose_values(code="other"), by=dpo)
    both = save_recipient(
        None, values=recipient_values(code="both"), purposes=[delivery, other], by=dpo
    )
    assert list(left_without_purpose(delivery)) == [carrier]

    retire_purpose(delivery, by=dpo)

    rows = Recipient.objects.with_standing(timezone.localdate())
    assert not rows.get(pk=carrier.pk).has_purpose
    assert rows.get(pk=both.pk).has_purpose


@pytest.mark.django_db(transaction=True)
def test_the_same_agreement_added_twice_at_once_is_one(portal, settings):
    dpo = make_staff(DPO)
    recipient = make_carrier(dpo)
    mine, theirs = (Recipient.objects.get(pk=recipient.pk) for _ in range(2))

    outcomes = at_once(lambda: agree(mine, dpo), lambda: agree(theirs, dpo))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Agreement", "ChangeRefused"]
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert len(files) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"MZ\x90"),
        ("a.pdf", b""),
        ("a.exe", b"%PDF-1.4"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.pdf", b"%PDF-1.4" + b"x" * 100),
    ],
)
def test_a_document_is_judged_by_its_bytes_its_name_and_its_size(name, content):
    with pytest.raises(AttachmentRefused):
        check_attachment(SimpleUploadedFile(name, content), types=[PDF], most_bytes=50)
