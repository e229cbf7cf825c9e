import pytest

from common.cards import MASKED, mask_cards

CARDS = {
    "visa": "4111 1111 1111 1111",
    "visa of 13 digits": "4222222222222",
    "mastercard": "5555-5555-5555-4444",
    "mastercard of the new range": "2223003122003222",
    "american express": "3782 822463 10005",
    "diners club": "3056 9309 0259 04",
    "jcb": "3530.1113.3330.0000",
    "unionpay": "6200 0000 0000 0005",
    "discover": "6011111111111117",
    "maestro": "6759649826438453",
    "napas": "9704 0000 0000 0018",
    "full-width digits": "４１１１ １１１１ １１１１ １１１１",
    "invisible marks between": "4111\u200b1111\u200b1111\u200b1111",
    "a line break between": "4111 1111\n1111 1111",
    "long dashes between": "4111–1111–1111–1111",
}

NO_CARDS = {
    "a phone number": "0912 345 678",
    "an international one": "0084 912 345 678",
    "two phone numbers": "0912345678, 0987654321",
    "an identity number": "079 085 012 345",
    "a wrong check digit": "4111 1111 1111 1112",
    "a scheme that does not exist": "0000 0000 0000 0000",
    "too short": "411111111111",
    "too long to be one number": "41111111111111110000",
    "an amount": "4.000.000.000.000",
    "a moment": "2026-11-24 09:30:12",
    "a public id": "c0ffee41111111111111a1b2c3d4e5f6",
}


@pytest.mark.parametrize("number", CARDS.values(), ids=CARDS)
def test_a_card_number_is_masked_and_the_words_around_it_stay(number):
    text = f"Thẻ của tôi là {number}, xin kiểm tra."
    assert mask_cards(text) == f"Thẻ của tôi là {MASKED}, xin kiểm tra."


@pytest.mark.parametrize("text", NO_CARDS.values(), ids=NO_CARDS)
def test_other_numbers_are_left_alone(text):
    assert mask_cards(text) == text


def test_cards_among_other_numbers_are_found_one_by_one():
    text = "0912345678 4111 1111 1111 1111 12/27, 5555 5555 5555 4444 / 123"
    assert mask_cards(text) == f"0912345678 {MASKED} 12/27, {MASKED} / 123"


def test_masking_what_is_masked_changes_nothing():
    masked = mask_cards("4111 1111 1111 1111")
    assert mask_cards(masked) == masked


def test_a_long_text_of_digits_is_read_to_its_end():
    text = "1 " * 10_000 + "4111111111111111"
    assert mask_cards(text).endswith(MASKED)
