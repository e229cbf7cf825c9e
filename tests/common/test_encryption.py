import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import SafeExceptionReporterFilter

from common.encryption.keyring import KeyRing, parse_key_ring
from common.encryption.sealing import (
    DecryptionError,
    open_text,
    seal_text,
    search_hash,
    search_hashes,
)
from tests.threads import at_once

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
SECRET = "0912 345 678, Trần Phú"
CONTEXT = "tests.Secret.text"


def written(key):
    return base64.urlsafe_b64encode(key).decode()


@pytest.fixture
def ring(settings):
    """Change the keys as an operator does: by id, the first one seals."""

    def use(**keys):
        settings.ENCRYPTION_KEYS = KeyRing(keys)

    use(first=FIRST)
    return use


def test_the_first_key_of_the_ring_is_the_one_that_seals():
    ring = parse_key_ring(f"b:{written(SECOND)}, a:{written(FIRST).rstrip('=')}")

    assert ring.current == "b"
    assert ring.keys == {"b": SECOND, "a": FIRST}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "k1",
        "k1:",
        f":{written(FIRST)}",
        f"k.1:{written(FIRST)}",
        f"k1:{written(FIRST[:31])}",
        f"k1:{written(FIRST + b'x')}",
        f"k1:{'*' * 43}",
        f"{'k' * 33}:{written(FIRST)}",
        f"k1:{written(FIRST)},",
        f"k1:{written(FIRST)},k1:{written(SECOND)}",
        f"k1:{written(FIRST)},k2:{written(FIRST)}",
    ],
)
def test_nonsense_is_no_key_ring_and_is_not_repeated(text):
    with pytest.raises(ImproperlyConfigured) as refusal:
        parse_key_ring(text)
    assert written(FIRST)[:20] not in str(refusal.value)


def test_no_page_or_log_shows_a_key(ring):
    ring = KeyRing({"first": FIRST})
    shown = SafeExceptionReporterFilter().get_safe_settings()["ENCRYPTION_KEYS"]

    assert "first" not in str(shown)
    assert repr(ring) == str(ring) == "KeyRing()"


def test_each_use_has_a_key_of_its_own(ring):
    keys = KeyRing({"first": FIRST, "second": SECOND})
    uses = [keys.derive(key, use) for key in keys.keys for use in ("seal a", "seal b", "search a")]
    assert len({*uses, FIRST, SECOND}) == 8


@pytest.mark.parametrize("text", ["", " ", SECRET, "😀" * 5000])
def test_a_sealed_text_opens_and_shows_nothing(ring, text):
    sealed = seal_text(text, CONTEXT, row="1")

    assert open_text(sealed, CONTEXT, row="1") == text
    assert text == "" or text not in sealed
    assert sealed.startswith("v1.first.")


def test_a_text_sealed_twice_does_not_look_the_same(ring):
    assert seal_text(SECRET, CONTEXT) != seal_text(SECRET, CONTEXT)


@pytest.mark.parametrize(("elsewhere", "row"), [("tests.Other.text", "1"), (CONTEXT, "2")])
def test_a_sealed_text_is_worth_nothing_elsewhere(ring, elsewhere, row):
    sealed = seal_text(SECRET, CONTEXT, row="1")
    with pytest.raises(DecryptionError):
        open_text(sealed, elsewhere, row=row)


def test_every_changed_letter_is_noticed(ring):
    sealed = seal_text(SECRET, CONTEXT)
    for at, letter in enumerate(sealed):
        changed = f"{sealed[:at]}{'B' if letter == 'A' else 'A'}{sealed[at + 1 :]}"
        with pytest.raises(DecryptionError):
            open_text(changed, CONTEXT)


@pytest.mark.parametrize(
    "stored",
    ["", SECRET, "v1.first.", "v1.first", "v2.first.AAAA", "v1.first." + "A" * 38, "v1.first.A=B"],
)
def test_what_was_never_sealed_does_not_pass_as_text(ring, stored):
    with pytest.raises(DecryptionError) as error:
        open_text(stored, CONTEXT)
    assert SECRET not in str(error.value)


def test_another_key_of_the_same_name_opens_nothing(ring):
    sealed = seal_text(SECRET, CONTEXT)
    ring(first=SECOND)
    with pytest.raises(DecryptionError, match="the key first"):
        open_text(sealed, CONTEXT)


def test_a_key_that_is_not_on_the_ring_is_named(ring):
    sealed = seal_text(SECRET, CONTEXT)
    ring(second=SECOND)
    with pytest.raises(DecryptionError, match="sealed under first, which is not on the ring"):
        open_text(sealed, CONTEXT)


def test_an_old_key_still_opens_while_the_new_one_seals(ring):
    old = seal_text(SECRET, CONTEXT)
    ring(second=SECOND, first=FIRST)
    new = seal_text(SECRET, CONTEXT)

    assert [open_text(each, CONTEXT) for each in (old, new)] == [SECRET, SECRET]
    assert new.startswith("v1.second.")


def test_equal_texts_are_found_by_equal_hashes_under_every_key(ring):
    before = search_hash("Trần Phú", CONTEXT)
    ring(second=SECOND, first=FIRST)
    now = search_hash("trần  phú ", CONTEXT)

    assert before != now
    assert search_hashes("TRẦN PHÚ", CONTEXT) == [now, before]
    assert search_hash("Trần Phũ", CONTEXT) != now
    assert search_hash("Trần Phú", "tests.Other.text") != now


def test_threads_do_not_disturb_each_other(ring):
    def seal_and_open(number):
        text = f"{SECRET} {number}"
        sealed = [seal_text(text, CONTEXT, row=str(number)) for _turn in range(300)]
        return {open_text(each, CONTEXT, row=str(number)) for each in sealed}

    outcomes = at_once(*(lambda number=number: seal_and_open(number) for number in range(8)))

    assert outcomes == [{f"{SECRET} {number}"} for number in range(8)]
