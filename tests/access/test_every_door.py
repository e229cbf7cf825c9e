"""No page of the desk shows a person without a record of it: every address, for every role."""

import logging
import re
from itertools import product
from urllib.parse import urljoin

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import path, reverse

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import CUSTOMER_CARE
from access.services import record_list
from accounts.models import Customer
from common.personal_data import DataCategory, mask_email
from complaints.admin.steps import STEPS
from complaints.models import CLOSED as SETTLED
from complaints.models import Complaint, ComplaintState
from policies.models import Company, RetentionRule, RuleFamily, StaffAccessMode
from privacyportal import urls
from retention.models import NecessityReview
from tests.addresses import DESK, names, row_page
from tests.authorisation import CLOSED, STAFF, read_table, shortened
from tests.household import PHONE, make_household
from tests.walking import METHODS, Walker, drawn

pytestmark = pytest.mark.django_db

CANARY = "zqvkxwpfhdnt"
EMAIL = f"{CANARY}2@example.com"
DIGITS = r"\D{0,2}".join(PHONE.removeprefix("+84"))  # however they are spaced
IN_FULL = re.compile(f"{CANARY}|{DIGITS}", re.IGNORECASE)
LISTS = ("_changelist", "_policyannouncement_change", "_record_complaint", "admin:index")
LISTED = (AccessAction.LIST, AccessAction.EXPORT)
TYPED = re.compile(r'<input[^>]*name="(?:q|term|customer)"[^>]*>')  # repeats what somebody typed
AUDIO = re.compile(r"/admin/calls/callrecording/audio/[^\"]+")
IN_FULL_AT = {
    "admin:accounts_customer_reveal",
    "admin:accounts_customermerge_change",
    "admin:accounts_identitycheck_paper",
    "admin:calls_callrecording_audio",
    "admin:complaints_complaint_change",
    "admin:complaints_complaint_decide",
    "admin:complaints_complaint_evidence",
    "admin:complaints_complaint_file_pdf",
    "admin:complaints_complaint_letter",
    "admin:complaints_complaint_letter_pdf",
    "admin:complaints_complaint_resolve",
    "admin:complaints_complaint_sheet_pdf",
    "admin:enquiries_enquiry_change",
    "admin:hosting_backuprequest_change",
    "admin:hosting_backuprequest_simple_history",
    "admin:incidents_unauthoriseduse_change",
    "admin:incidents_unauthoriseduse_simple_history",
}
EMPTY = {
    "admin:autocomplete": "would find customers for any form",
    **dict.fromkeys(
        (
            "admin:common_jobstatus_change",
            "admin:access_accessrecord_change",
            "admin:access_accessverification_change",
            "admin:retention_retentionstatistic_change",
            "admin:retention_schedule_change",
            "admin:retention_purgefailure_change",
            "admin:staff_flaggedrecord_change",
            "admin:staff_unusualaccess_change",
            "admin:visits_pageday_change",
        ),
        "its list shows all there is",
    ),
}


@pytest.fixture
def household():
    logging.disable(logging.CRITICAL)  # each refusal would be written down with its traceback
    yield make_household(CANARY)
    logging.disable(logging.NOTSET)


class Round:
    """What somebody who went from door to door has found.

    telling: the addresses that tell something of the people; in_full: those without a mask.
    """

    def __init__(self, household):
        self._people = household.public_ids
        self.letters, self.wrong = {}, []
        self.telling, self.in_full = set(), set()

    def note(self, who, name, method, answer):
        shown = TYPED.sub("", answer.text)
        is_list = name.endswith(LISTS)
        marks = [mask_email(EMAIL), *(each[:8] for each in self._people if is_list)]
        if IN_FULL.search(shown):
            self.in_full.add(name)
            if is_list:
                self.wrong.append((who, method, name, "in full on a list"))
        elif not any(mark in shown for mark in marks):
            return
        self.telling.add(name)
        if not any(self._is_of_them(record) for record in answer.records):
            self.wrong.append((who, method, name, "not recorded"))

    def _is_of_them(self, record):
        is_a_list = record.action in LISTED and record.count > 0
        return is_a_list or record.customer in self._people


def test_who_sees_a_person_is_written_down_and_gets_only_where_the_table_says(household):
    desk = {name: at for name, at in household.addresses().items() if name.startswith(DESK)}

    found, filled_in = walk(household, desk)

    assert found.wrong == []
    assert found.in_full == IN_FULL_AT
    table = {name: tuple(row(found, name, method) for method in METHODS) for name in desk}
    assert table == read_table()[1]
    closed = {name for name, letters in table.items() if {*"".join(letters)} <= CLOSED}
    assert closed - filled_in == {
        name for name in desk if why_closed(name, household.staff["superuser"])
    }


def walk(household, desk):
    """Go to each door in everybody's name, and with forms filled in; return what is behind."""
    found = Round(household)
    root = Walker(household.staff["superuser"])
    for name, method in product(desk, METHODS):
        with drawn(method == "get" or name in found.telling):
            answer = root.ask(method, desk[name])
        found.letters[name, method] = {"superuser": answer.letter}
        found.note("superuser", name, method, answer)
    for who in STAFF[:-1]:
        walker = Walker(household.staff[who])
        for (name, method), letters in found.letters.items():
            if letters["superuser"] in CLOSED or not is_asked(who, name):
                continue
            with drawn(name in found.telling):
                answer = walker.ask(method, desk[name])
            letters[who] = answer.letter
            found.note(who, name, method, answer)
    return found, set(forms_filled_in(household, desk, root, found))


def is_asked(who, name):
    """Ask some only where they differ from an officer, whose letter stands for theirs elsewhere."""
    stems = {"kept_away": "admin:complaints_complaint_", "lead": "admin:complaints_"}
    return name.startswith(stems.get(who, ""))


def row(found, name, method):
    at = found.letters[name, method]
    return shortened("".join(at.get(who) or at.get("handler", at["superuser"]) for who in STAFF))


def why_closed(name, superuser):
    """Return why nobody comes in, if that is meant."""
    model, kind = row_page(name) or (None, "")
    if name in EMPTY:
        return EMPTY[name]
    if kind == "delete":
        return "retention erases"
    if kind.endswith("history") and not hasattr(model._meta, "simple_history_manager_attribute"):
        return "it keeps none"
    request = RequestFactory().get("/")
    request.user = superuser
    is_shut = kind == "add" and not admin.site._registry[model].has_add_permission(request)
    return "services add the rows" if is_shut else ""


def forms_filled_in(household, desk, walker, found):
    """Go where only a form that is filled in leads, and ask for other forms of a page."""

    def ask(name, method, more="", data=None):
        answer = walker.ask(method, urljoin(desk[f"admin:{name}"], more), data)
        found.note("superuser", f"admin:{name}", method, answer)
        return f"admin:{name}"

    public_id = household.customer.public_id
    yield from lists_searched(ask, (f"{CANARY}1", EMAIL, PHONE, public_id, CANARY))
    yield ask("complaints_complaint_record_complaint", "post", data={"term": EMAIL})
    yield ask("accounts_policyannouncement_change", "get", "?still=1")
    yield ask("accounts_policyannouncement_change", "post", "?still=1", {"q": public_id})
    complaint = household.rows["complaints.Complaint"]
    reason = {"purpose": "support", "case": complaint.reference}
    for group in DataCategory:  # some have nothing to be revealed, and spoil the form for others
        yield ask("accounts_customer_reveal", "post", data={"groups": [group.value], **reason})
    yield ask("complaints_complaint_letter", "post", data={"finding": f"{CANARY} draft"})
    for paper in ("file_pdf", "sheet_pdf", "letter_pdf"):
        yield ask(f"complaints_complaint_{paper}", "get", "?language=en")
    yield ask("complaints_complaint_export", "get", "../xlsx/")
    chosen = {"action": "assign_many", "_selected_action": [complaint.pk]}
    yield ask("complaints_complaint_changelist", "post", data=chosen)
    review = NecessityReview.objects.get()
    chosen = {"action": "decide_selected", "_selected_action": [review.pk]}
    yield ask("retention_necessityreview_changelist", "post", data=chosen)
    rules = {family: RetentionRule.objects.filter(family=family).first() for family in RuleFamily}
    between = "&".join(f"{family}={rule.pk}" for family, rule in rules.items())
    yield ask("retention_schedule_decide", "get", f"?{between}")
    yield listen(desk, walker, found, reason)
    yield from promised_to_ask(desk, walker, found)
    yield from steps_in_each_state(household, desk, walker, found)


def lists_searched(ask, terms):
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, PersonalDataAdmin):
            name = f"{model._meta.app_label}_{model._meta.model_name}_changelist"
            yield ask(name, "get", "?_popup=1")
            for term in terms if model_admin.search_fields else ():
                yield ask(name, "post", data={"q": term})


def listen(desk, walker, found, reason):
    """Let a player ask for the sound, which was recorded when the player was shown."""
    with walker.visit():
        player = walker.request("post", desk["admin:calls_callrecording_play"], reason)
        sound = walker.request("get", AUDIO.search(player.text).group())
    sound.records += player.records
    found.note("superuser", "admin:calls_callrecording_audio", "get", sound)
    return "admin:calls_callrecording_audio"


def promised_to_ask(desk, walker, found):
    """Open what is there only where the company promises to ask its customers first."""
    with walker.visit():
        Company.objects.update(staff_access_mode=StaffAccessMode.APPROVAL)
        for step, letter in (("ask_approval", "o"), ("break_glass", ">")):
            name = f"admin:accounts_customer_{step}"
            answer = walker.request("get", desk[name])
            assert answer.letter == letter, name
            found.note("superuser", name, "get", answer)
            yield name


def steps_in_each_state(household, desk, walker, found):
    """Open the steps of a complaint where they are possible, with all of its answer written."""
    rows = Complaint.objects.filter(pk=household.rows["complaints.Complaint"].pk)
    for state in set(ComplaintState) - set(SETTLED):
        with walker.visit():
            rows.update(state=state)
            for step in STEPS:
                if STEPS[step].is_possible(rows.get(), household.staff["superuser"]):
                    name = f"admin:complaints_complaint_{step}"
                    answer = walker.request("get", desk[name])
                    assert answer.letter == "o", (state, step)
                    found.note("superuser", name, "get", answer)
                    yield name


class Leaky:
    """The portal's addresses with two that a careless developer might add."""

    @staticmethod
    def page(request):
        return HttpResponse(Customer.objects.get(email=EMAIL).full_name)

    @staticmethod
    def table(request):
        groups = [DataCategory.CONTACT]
        record_list(by=request.user, customers=["x"], purpose=CUSTOMER_CARE, field_groups=groups)
        return Leaky.page(request)

    @staticmethod
    def patterns():
        return [
            path("leak/", admin.site.admin_view(Leaky.page), name="leak"),
            path("leaks/", admin.site.admin_view(Leaky.table), name="leak_changelist"),
            *urls.urlpatterns,
        ]


def test_the_walk_notices_what_is_not_recorded_not_masked_and_not_in_the_table(household, settings):
    Leaky.urlpatterns = Leaky.patterns()
    settings.ROOT_URLCONF = Leaky
    walker, found = Walker(household.staff["superuser"]), Round(household)

    for name in ("leak", "leak_changelist"):
        found.note("superuser", name, "get", walker.ask("get", reverse(name)))

    assert found.wrong == [
        ("superuser", "get", "leak", "not recorded"),
        ("superuser", "get", "leak_changelist", "in full on a list"),
    ]
    outside, table = read_table()
    assert {*names()} - {*outside, *table} == {"leak", "leak_changelist"}
