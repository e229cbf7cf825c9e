"""Who may do what: each address for each person, as the table in tests/authorisation.txt has it.

The desk is walked in tests/access/test_every_door.py, which also sees what its pages show.
"""

import logging
from itertools import product

import pytest

from complaints.models import Complaint
from tests.addresses import DESK, names
from tests.authorisation import OUTSIDE, read_table, shortened
from tests.household import make_household
from tests.walking import METHODS, Walker, drawn

pytestmark = pytest.mark.django_db

CANARY = "zqvkxwpfhdnt"
ENTRANCES = {"admin:login", "admin:logout"}  # which lead on
FROM_ELSEWHERE = {  # forms that other sites may send: nothing is done in a person's name there
    "set_language",  # the session's cookie is SameSite
    "purpose_check",  # the key of a system speaks
    "acknowledge_order",  # as does its signature
    "marketing_check",
    "open_complaint",  # as an enquiry
    "new_complaint_link",  # mailed to the address that has the old one
    "enquiry",  # of visitors, who get no cookie for reading; a mail asks them to confirm
    "newsletter",
    "report_use",
    "unsubscribe",  # one click in a mail's own program; the link is the key
    "verify",  # reads
}


@pytest.fixture
def household():
    logging.disable(logging.CRITICAL)  # each refusal would be written down with its traceback
    yield make_household(CANARY)
    logging.disable(logging.NOTSET)


def test_every_address_is_in_the_table():
    outside, desk = read_table()

    assert {*outside, *desk} == {*names()}


def test_each_person_gets_where_the_table_says_and_sees_nobody_else(household):
    addresses = {n: at for n, at in household.addresses().items() if not n.startswith(DESK)}
    people = {
        "anonymous": None,
        "owner": household.customer.user,
        "other": household.other.user,
        **household.staff,
    }
    found = dict.fromkeys(product(addresses, METHODS), "")

    for who in OUTSIDE:
        walker = Walker(people[who])
        for name, method in found:
            with drawn(who != "owner" or method == "get"):  # who may read all that is told
                answer = walker.ask(method, addresses[name])
            found[name, method] += answer.letter
            told = {each for each in (CANARY, household.customer.public_id) if each in answer.text}
            assert who == "owner" or told == set(), (who, name)

    assert {
        name: (shortened(found[name, "get"]), shortened(found[name, "post"])) for name in addresses
    } == read_table()[0]
    assert Complaint.objects.get(pk=household.rows["complaints.Complaint"].pk).state == "escalated"


def test_the_desk_opens_to_no_visitor_and_no_customer(household):
    desk = {n: at for n, at in household.addresses().items() if n.startswith(DESK)}

    for user in (None, household.customer.user):
        walker = Walker(user)
        answers = {
            (name, method): walker.ask(method, desk[name])
            for name, method in product(desk.keys() - ENTRANCES, METHODS)
        }
        assert {door for door, answer in answers.items() if answer.letter != "s"} == set()
        assert not any(answer.records for answer in answers.values())


def test_auth_27_no_other_site_sends_a_form_in_somebodys_name(household):
    desk = {n for n in household.addresses() if n.startswith(DESK)}
    passed = set()
    for user, origin, at_the_desk in (
        (household.customer.user, "https://evil.example", False),
        (household.staff["handler"], "null", True),
    ):
        walker = Walker(user, enforce_csrf_checks=True)
        for name, address in household.addresses().items():
            if (name in desk) == at_the_desk:
                answer = walker.ask("post", address, {"full_name": "Khác"}, origin=origin)
                passed |= {name} if answer.letter not in "xn" else set()

    assert passed == FROM_ELSEWHERE
