"""Which role may do what, written out: this table is the specification, not a copy of the code."""

import pytest
from django.contrib.auth.models import Group, Permission

from access.gate import is_guarded
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_LEAD, COMPLAINT_OFFICER, DPO
from tests.factories import make_staff

pytestmark = pytest.mark.django_db

ROLES = {
    "O": COMPLAINT_OFFICER,
    "L": COMPLAINT_LEAD,
    "D": DPO,
    "A": AUDITOR,
    "S": ADMINISTRATOR,  # who looks after the system
}
TABLE = """
    access.accessrecord           view:DA
    access.accessseal             view:DA
    access.accessverification     view:DA
    accounts.accessapproval       view:OLD    add:OLD
    accounts.customer             view:OLD    add:OLD  change:OLD
    accounts.customermerge        view:OLD             change:D
    accounts.customers            import:D
    accounts.emergencyaccess      view:OLD    add:OLD  change:LD  review:D
    accounts.identitycheck        view:D
    accounts.policyannouncement   view:DAS
    accounts.secrecyorder         view:D      add:D    change:D
    accounts.user                 view:S      add:S    change:S
    calls.callrecording           view:OLD    add:D    play:OLD
    common.jobstatus              view:DAS
    complaints.complaint          view:OLD             change:OLD
    complaints.replytemplate      view:OLD    add:LD   change:LD
    downstream.order              view:OLD             change:OLD
    downstream.system             view:OLDAS  add:S    change:S
    enquiries.enquiry             view:OLD             change:OL
    enquiries.erasedenquiries     view:D
    hosting.backuprequest         view:OLD    add:OLD
    hosting.hostedservice         view:OLD
    incidents.unauthoriseduse     view:OLD    add:OLD  change:OLD
    marketing.apiclient           view:DS     add:S    change:S
    marketing.newsletterissue     view:D      add:D    change:D
    notices.notice                view:DS
    policies.agreement            view:DA     add:D    change:D
    policies.company              view:OLDA
    policies.declaredfield        view:OLDA   add:D    change:D
    policies.officialday          view:OLDA   add:D    change:D
    policies.policyversion        view:DA     add:D    change:D
    policies.promise              view:DA
    policies.purpose              view:OLDA   add:D    change:D
    policies.recipient            view:DA     add:D    change:D
    policies.retentionrule        view:DA     add:D    change:D
    policies.timelimit            view:OLDA   add:D    change:D
    retention.legalhold           view:D      add:D    change:D
    retention.necessityreview     view:D               change:D
    retention.purgeapproval       view:DA     add:D
    retention.purgefailure        view:D
    retention.purgepermit                  add:D
    retention.purgerun            view:DA
    retention.orphanclearing      add:D
    retention.orphanreport        view:DA
    retention.residueclearing     add:D
    retention.restorerehearsal    view:DA
    retention.retentiondecision            add:D
    retention.retentionstatistic  view:DA
    retention.schedule            view:DA
    retention.tombstone           view:DA
    staff.flaggedrecord           view:D      add:D
    staff.misuse                  view:DA     add:D
    staff.rightsreview            view:DA              change:DA
    staff.undertaking             view:DA              change:D
    staff.undertakingtext         view:DA     add:D
    staff.unusualaccess           view:DA              change:D
    visits.pageday                view:D
"""
PERSONAL = {  # what nobody does who is not bound to confidentiality
    "access.accessrecord", "accounts.accessapproval", "accounts.emergencyaccess",
    "accounts.secrecyorder", "accounts.customer", "accounts.customermerge", "accounts.customers",
    "accounts.identitycheck", "calls.callrecording", "complaints.complaint", "downstream.order",
    "enquiries.enquiry",
    "hosting.backuprequest", "hosting.hostedservice", "incidents.unauthoriseduse",
    "retention.legalhold",
    "retention.purgefailure",
    "retention.necessityreview", "staff.flaggedrecord", "staff.unusualaccess",
}  # fmt: skip


def told(letter):
    """Return the permissions that the table gives a role."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return {
        f"{label.partition('.')[0]}.{action}_{label.partition('.')[2]}"
        for label, *cells in rows
        for action, _colon, letters in (cell.partition(":") for cell in cells)
        if letter in letters
    }


def model_of(permission):
    app, _dot, codename = permission.partition(".")
    return f"{app}.{codename.partition('_')[2]}"


@pytest.mark.parametrize("letter", ROLES)
def test_each_role_may_do_what_the_table_says_and_nothing_else(letter):
    member = make_staff(ROLES[letter])
    every = {
        f"{app}.{name}"
        for app, name in Permission.objects.values_list("content_type__app_label", "codename")
    }

    assert member.get_all_permissions() == told(letter)
    assert {each for each in every if member.has_perm(each)} == told(letter)


def test_there_are_no_other_roles_and_none_deletes():
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES.values())
    assert not any("delete_" in each for letter in ROLES for each in told(letter))


def test_what_shows_personal_data_is_guarded_and_an_administrator_has_none_of_it():
    every = {each for letter in ROLES for each in told(letter)}

    assert {model_of(each) for each in every if is_guarded(each)} == PERSONAL
    assert not PERSONAL & {model_of(each) for each in told("S")}
    assert PERSONAL & {model_of(each) for each in told("A")} == {
        "access.accessrecord", "staff.unusualaccess"
    }  # fmt: skip


@pytest.mark.parametrize("letter", ROLES)
def test_without_an_undertaking_a_role_keeps_what_shows_no_personal_data(letter):
    member = make_staff(ROLES[letter], signed=False)

    may = {each for each in told(letter) if member.has_perm(each)}

    assert may == {each for each in told(letter) if model_of(each) not in PERSONAL}
