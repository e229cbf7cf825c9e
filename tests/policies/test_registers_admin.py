from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from common.personal_data import DataCategory
from policies.clocks import limits_in_force
from policies.models import (
    Agreement,
    Company,
    Purpose,
    Recipient,
    RetentionRule,
    RuleFamily,
    TimeLimit,
    TimeLimitKind,
)
from policies.retention import rule_after_closing
from privacyportal.roles import ADMINISTRATOR, AUDITOR, COMPLAINT_OFFICER, DPO
from retention.models import PurgeApproval
from tests.factories import approve, make_customer, make_staff

PURPOSES = "/admin/policies/purpose/"
RECIPIENTS = "/admin/policies/recipient/"
LIMITS = "/admin/policies/timelimit/"
RULES = "/admin/policies/retentionrule/"
ONE_DAY = timedelta(days=1)

NAMES = {
    "name_vi": "Giao hàng",
    "name_en": "Delivery",
    "description_vi": "Giao tận nhà.",
    "description_en": "To the door.",
}
PURPOSE = {
    **NAMES,
    "code": "delivery",
    "legal_basis": "contract",
    "channel": "none",
    "data_categories": ["contact", "order"],
    "is_required": "on",
}
SOURCE = {"basis": "company_choice", "source_vi": "Quyết định 1", "source_en": "Decision 1"}


@pytest.fixture
def dpo(client, db):
    user = make_staff(DPO)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def recipient_form(**values):
    service = Purpose.objects.get(code="service").pk
    return {
        **NAMES,
        "code": "carrier",
        "kind": "processor",
        "country": "vn",
        "purposes": [service],
        "data_categories": ["contact"],
        **values,
    }


def pdf(content=b"%PDF-1.4 signed", name="hợp đồng.pdf"):
    return SimpleUploadedFile(name, content, "application/pdf")


def agreement_form(**values):
    return {
        "reference": "1/HĐ",
        "valid_from": "2026-01-01",
        "valid_to": "",
        "file": pdf(),
        **values,
    }


def carrier():
    return Recipient.objects.get(code="service_providers")


def promised_term():
    return TimeLimit.objects.get(
        kind=TimeLimitKind.COMPLAINT_COMPLETION, family=RuleFamily.PROMISE, valid_to=None
    )


def errors_of(response):
    assert response.status_code == 200
    return str(response.context_data["form"].errors)


# Purposes


def test_the_dpo_adds_changes_and_retires_a_purpose(client, dpo):
    added = client.post(f"{PURPOSES}add/", PURPOSE)
    purpose = Purpose.objects.get(code="delivery")
    assert added.url == f"{PURPOSES}{purpose.pk}/change/"
    assert purpose.data_categories == ["contact", "order"]

    client.post(f"{PURPOSES}{purpose.pk}/edit/", {**PURPOSE, "name_en": "Delivery by van"})
    purpose.refresh_from_db()
    assert (purpose.name_en, purpose.is_required) == ("Delivery by van", True)

    client.post(f"{PURPOSES}{purpose.pk}/retire/")
    purpose.refresh_from_db()
    assert purpose.retired_on == timezone.localdate()
    page = client.get(f"{PURPOSES}{purpose.pk}/change/").text
    assert f"{PURPOSES}{purpose.pk}/edit" not in page
    assert [row.history_user for row in purpose.history.all()] == [dpo] * 3


@pytest.mark.parametrize("register", [PURPOSES, RECIPIENTS])
@pytest.mark.parametrize("code", ["Bad Code!", "1st", "giao_hàng"])
def test_a_code_typed_wrong_is_answered_with_what_a_code_is(code, register, client, dpo):
    values = PURPOSE if register == PURPOSES else recipient_form()

    response = client.post(f"{register}add/", {**values, "code": code})

    form = response.context_data["form"]
    assert set(form.errors) == {"code"}
    assert "small letters, digits and _" in str(form.errors)
    assert form["code"].value() == code


def test_the_form_to_change_leaves_code_and_legal_basis_alone(client, dpo):
    purpose = Purpose.objects.get(code="service")

    form = client.get(f"{PURPOSES}{purpose.pk}/edit/").context_data["form"]
    client.post(
        f"{PURPOSES}{purpose.pk}/edit/",
        {**PURPOSE, "legal_basis": "consent", "data_categories": purpose.data_categories},
    )

    assert not {"code", "legal_basis", "wording_vi"} & set(form.fields)
    purpose.refresh_from_db()
    assert (purpose.code, purpose.legal_basis, purpose.name_en) == (
        "service",
        "contract",
        "Delivery",
    )


def test_another_wording_asks_for_a_tick(client, dpo):
    purpose = Purpose.objects.get(code="newsletter")
    page = f"{PURPOSES}{purpose.pk}/edit/"
    initial = client.get(page).context_data["form"].initial
    changed = {**initial, "wording_en": "Do you really agree?"}

    assert "no longer count" in errors_of(client.post(page, changed))
    assert Purpose.objects.get(pk=purpose.pk).wording_en == purpose.wording_en
    client.post(page, {**changed, "asks_anew": "on"})

    assert Purpose.objects.get(pk=purpose.pk).wording_en == "Do you really agree?"


def test_a_purpose_shows_how_long_its_data_is_kept_and_who_gets_it(client, dpo):
    purpose = Purpose.objects.get(code="fraud_prevention")

    response = client.get(f"{PURPOSES}{purpose.pk}/change/")

    account = next(
        use for use in response.context["uses"] if use["label"] == DataCategory.ACCOUNT.label
    )
    assert [recipient.code for recipient in account["recipients"]] == ["fraud_partners"]
    assert rule_after_closing(timezone.localdate()) in account["rules"]
    assert "12 months" in response.text
    assert "Fraud prevention partners" in response.text


# Recipients and agreements


def test_the_dpo_adds_changes_and_retires_a_recipient(client, dpo):
    client.post(f"{RECIPIENTS}add/", recipient_form())
    recipient = Recipient.objects.get(code="carrier")
    assert (recipient.country, recipient.data_categories) == ("VN", ["contact"])
    assert [purpose.code for purpose in recipient.purposes.all()] == ["service"]

    abroad = recipient_form(country="LA", cross_border="on", purposes=[], data_categories=[])
    client.post(f"{RECIPIENTS}{recipient.pk}/edit/", abroad)
    recipient.refresh_from_db()
    assert (recipient.country, recipient.cross_border) == ("LA", True)
    assert not recipient.purposes.exists()

    client.post(f"{RECIPIENTS}{recipient.pk}/retire/")
    recipient.refresh_from_db()
    assert recipient.retired_on == timezone.localdate()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"data_categories": ["survey_answer"]}, "FPT-13"),
        ({"country": "XX"}, "not the code of a country"),
        ({"cross_border": "on"}, "contradicts"),
        ({"code": "authorities"}, "This code is taken"),
        ({"code": "Two words"}, "code"),
    ],
)
def test_a_recipient_that_cannot_be_is_refused_above_the_form(values, sentence, client, dpo):
    before = Recipient.objects.count()

    assert sentence in errors_of(client.post(f"{RECIPIENTS}add/", recipient_form(**values)))

    assert Recipient.objects.count() == before


def test_an_agreement_is_added_read_and_ended(client, dpo):
    page = f"{RECIPIENTS}{carrier().pk}/"

    client.post(f"{page}agree/", agreement_form())
    agreement = Agreement.objects.get()
    assert (agreement.added_by, agreement.valid_to) == (dpo, None)

    download = client.get(f"{page}agreements/{agreement.pk}/file/")
    assert b"".join(download.streaming_content) == b"%PDF-1.4 signed"
    assert download["Content-Disposition"].startswith("attachment;")
    assert download["X-Content-Type-Options"] == "nosniff"
    assert agreement.file_sha256 in client.get(f"{page}change/").text

    client.post(f"{page}agreements/{agreement.pk}/end/", {"last_day": "2026-12-31"})
    agreement.refresh_from_db()
    assert agreement.valid_to == date(2026, 12, 31)


@pytest.mark.parametrize(
    "values",
    [
        {"file": pdf(b"MZ not a document")},
        {"file": pdf(b"")},
        {"file": pdf(name="a.exe")},
        {"file": ""},
        {"valid_to": "2025-12-31"},
        {"reference": ""},
    ],
)
def test_a_document_that_cannot_be_taken_is_refused(values, client, dpo):
    page = f"{RECIPIENTS}{carrier().pk}/agree/"

    assert errors_of(client.post(page, agreement_form(**values)))

    assert not Agreement.objects.exists()


def test_an_agreement_is_reached_through_its_own_recipient_alone(client, dpo):
    client.post(f"{RECIPIENTS}{carrier().pk}/agree/", agreement_form())
    agreement, other = Agreement.objects.get(), Recipient.objects.get(code="agents")
    page = f"{RECIPIENTS}{other.pk}/agreements/{agreement.pk}/"

    assert client.get(f"{page}file/").status_code == 404
    assert client.post(f"{page}end/", {"last_day": "2026-12-31"}).status_code == 404

    agreement.refresh_from_db()
    assert agreement.valid_to is None


def may_receive(client):
    """Return what the list says of each recipient, by code."""
    changelist = client.get(RECIPIENTS).context_data["cl"]
    return {row.code: changelist.model_admin.may_receive(row)[0] for row in changelist.result_list}


def test_the_list_says_who_may_receive_and_the_filter_finds_who_lacks_an_agreement(client, dpo):
    today = timezone.localdate()
    client.post(f"{RECIPIENTS}{carrier().pk}/agree/", agreement_form())
    ends = agreement_form(valid_to=str(today + timedelta(days=29)), file=pdf())
    agents = Recipient.objects.get(code="agents")
    client.post(f"{RECIPIENTS}{agents.pk}/agree/", ends)
    Company.objects.update(forbidden_recipient_kinds=["advertising"])

    said = may_receive(client)
    found = client.get(f"{RECIPIENTS}?agreement=none").context_data["cl"].result_list

    assert said["service_providers"] == "yes"
    assert said["authorities"] == "yes"
    assert said["agents"] == "soon"
    assert said["affiliates"] == said["google_analytics"] == "no"
    assert {row.code for row in found} == {
        "affiliates",
        "foreign_sites",
        "fraud_partners",
        "google_analytics",
    }


def test_who_would_receive_nothing_more_is_named_before_and_told_afterwards(client, dpo):
    row = carrier()
    client.post(f"{RECIPIENTS}{row.pk}/agree/", agreement_form())
    client.post(f"{PURPOSES}add/", PURPOSE)
    delivery = Purpose.objects.get(code="delivery")
    form = recipient_form(purposes=[delivery.pk], name_en="Carrier by van")
    client.post(f"{RECIPIENTS}{row.pk}/edit/", form)
    assert may_receive(client)[row.code] == "yes"

    assert "Carrier by van" in client.get(f"{PURPOSES}{delivery.pk}/retire/").text
    client.post(f"{PURPOSES}{delivery.pk}/retire/")

    sentence = "None of its purposes is in use."
    assert may_receive(client)[row.code] == "no"
    assert sentence in client.get(RECIPIENTS).text
    assert sentence in client.get(f"{RECIPIENTS}{row.pk}/change/").text


@pytest.mark.parametrize("length", [1, 7])
def test_a_longer_list_needs_no_more_queries(length, client, dpo, django_assert_num_queries):
    keys = Recipient.objects.values_list("pk", flat=True)[:length]
    Recipient.objects.exclude(pk__in=list(keys)).delete()
    client.get(RECIPIENTS)

    with django_assert_num_queries(9):
        client.get(RECIPIENTS)


# Dated rules


def limit_form(**values):
    return {
        "valid_from": str(timezone.localdate()),
        "minimum": "7",
        "maximum": "10",
        "unit": "working_day",
        **SOURCE,
        **values,
    }


def term_on(day):
    limits = limits_in_force(TimeLimitKind.COMPLAINT_COMPLETION, day)
    return [limit.maximum for limit in limits if limit.family == RuleFamily.PROMISE]


def test_a_limit_is_changed_from_a_date_with_its_past_beside_it(client, dpo):
    old, start = promised_term(), timezone.localdate() + timedelta(days=7)

    page = client.get(f"{LIMITS}{old.pk}/change_from/")
    response = client.post(f"{LIMITS}{old.pk}/change_from/", limit_form(valid_from=str(start)))

    assert "Open cases keep the row they ran under" in page.text
    new = TimeLimit.objects.get(maximum=10, family="promise", kind=old.kind)
    assert response.url == f"{LIMITS}{new.pk}/change/"
    assert (term_on(start - ONE_DAY), term_on(start)) == ([15], [10])
    shown = client.get(f"{LIMITS}{old.pk}/change/")
    assert [(row, state) for row, state, _label in shown.context["rules"]] == [
        (new, "to_come"),
        (old, "in_force"),
    ]
    assert f"{LIMITS}{new.pk}/change/" in shown.text


def test_a_statute_is_changed_without_a_choice_of_where_it_is_stated(client, dpo):
    statute = TimeLimit.objects.filter(family=RuleFamily.STATUTE, valid_to=None).first()
    page = f"{LIMITS}{statute.pk}/change_from/"

    assert "basis" not in client.get(page).context_data["form"].fields
    client.post(page, limit_form(minimum="", maximum="99", source_checked="on"))

    new = TimeLimit.objects.get(maximum=99)
    assert (new.family, new.basis, new.source_checked) == ("statute", "statute", True)


@pytest.mark.parametrize(
    "values",
    [
        {"source_vi": ""},
        {"source_en": ""},
        {"maximum": "6"},
        {"maximum": "0"},
        {"maximum": "99999"},
        {"third_party": "9"},
        {"basis": "statute"},
        {"valid_from": "2026-11-23"},
        {"valid_from": "x"},
        {"maximum": "15"},  # as it is
    ],
)
def test_a_change_that_cannot_be_is_refused_above_the_form(values, client, dpo):
    rule, before = promised_term(), TimeLimit.objects.count()
    data = limit_form(**values)
    if values == {"maximum": "15"}:
        same = ("source_vi", "source_en", "basis", "ordinary", "extension", "may_pause")
        data |= {name: getattr(rule, name) for name in same}

    assert errors_of(client.post(f"{LIMITS}{rule.pk}/change_from/", data))

    rule.refresh_from_db()
    assert (rule.valid_to, TimeLimit.objects.count()) == (None, before)


def test_a_rule_is_added_where_there_is_none_and_refused_where_there_is_one(client, dpo):
    data = limit_form(kind="breach_people")

    client.post(f"{LIMITS}add/", data)
    refused = client.post(f"{LIMITS}add/", data)

    rule = TimeLimit.objects.get(kind="breach_people", family="promise")
    assert (rule.maximum, rule.history.get().history_user) == (10, dpo)
    assert "Another rule of this kind" in errors_of(refused)


@pytest.mark.parametrize(
    ("basis", "family"),
    [("statute", "statute"), ("policy", "promise"), ("company_choice", "promise")],
)
def test_what_states_a_new_rule_says_whose_it_is(basis, family, client, dpo):
    of_time = limit_form(kind="dossier_update", basis=basis)
    of_storage = {
        "valid_from": str(timezone.localdate()),
        "category": "survey_answer",
        "trigger": "created",
        "months": "24",
        "action": "restrict",
        **SOURCE,
        "basis": basis,
    }
    TimeLimit.objects.filter(kind="dossier_update").update(valid_to=timezone.localdate() - ONE_DAY)

    client.post(f"{LIMITS}add/", of_time)
    client.post("/admin/policies/retentionrule/add/", of_storage)

    limit = TimeLimit.objects.get(kind="dossier_update", valid_to=None)
    rule = RetentionRule.objects.get(category="survey_answer", months=24)
    assert {(row.family, row.basis) for row in (limit, rule)} == {(family, basis)}


def test_a_rule_is_ended_and_its_source_confirmed(client, dpo):
    client.post(f"{LIMITS}add/", limit_form(kind="breach_people"))
    rule = TimeLimit.objects.get(kind="breach_people", family="promise")

    client.post(f"{LIMITS}{rule.pk}/confirm/")
    client.post(f"{LIMITS}{rule.pk}/end/", {"last_day": str(timezone.localdate())})

    rule.refresh_from_db()
    assert (rule.source_checked, rule.valid_to) == (True, timezone.localdate())
    page = client.get(f"{LIMITS}{rule.pk}/change/").text
    assert f"{LIMITS}{rule.pk}/change_from" not in page
    assert f"{LIMITS}{rule.pk}/confirm" not in page


def retention_form(rule, **values):
    return {
        "valid_from": str(timezone.localdate()),
        "trigger": rule.trigger,
        "months": "6",
        "action": rule.action,
        **SOURCE,
        **values,
    }


def test_a_changed_retention_rule_needs_an_approval_of_its_own(client, dpo):
    rule = rule_after_closing(timezone.localdate())
    approve(rule)

    page = client.get(f"{RULES}{rule.pk}/change_from/")
    client.post(f"{RULES}{rule.pk}/change_from/", retention_form(rule))

    new = rule_after_closing(timezone.localdate())
    assert "until it is approved" in page.text
    assert (new.months, new.pk) != (rule.months, rule.pk)
    assert not PurgeApproval.objects.filter(rule=new).exists()
    assert "not approved" in client.get(f"{RULES}{new.pk}/change/").text


def test_the_last_rule_for_closed_accounts_stays(client, dpo):
    rule = rule_after_closing(timezone.localdate())

    errors = errors_of(client.post(f"{RULES}{rule.pk}/end/", {"last_day": "2026-12-31"}))

    rule.refresh_from_db()
    assert "closed accounts" in errors
    assert rule.valid_to is None


def test_a_rule_that_is_over_is_approved_for_those_who_closed_under_it(client, dpo):
    make_customer(closed_days_ago=500)
    rule = rule_after_closing(timezone.localdate())
    client.post(f"{RULES}{rule.pk}/change_from/", retention_form(rule))

    client.post(f"{RULES}{rule.pk}/approve/")

    assert PurgeApproval.objects.get().rule == rule


# Who may


@pytest.mark.parametrize("role", [COMPLAINT_OFFICER, AUDITOR, ADMINISTRATOR])
def test_nobody_but_the_dpo_changes_anything(role, client, dpo):
    client.post(f"{RECIPIENTS}{carrier().pk}/agree/", agreement_form())
    agreement = Agreement.objects.get()
    purpose, limit = Purpose.objects.get(code="service"), promised_term()
    rule = rule_after_closing(timezone.localdate())
    client.force_login(make_staff(role))

    attempts = [
        (f"{PURPOSES}add/", PURPOSE),
        (f"{PURPOSES}{purpose.pk}/edit/", {**PURPOSE, "name_en": "Mine"}),
        (f"{PURPOSES}{purpose.pk}/retire/", {}),
        (f"{RECIPIENTS}add/", recipient_form()),
        (f"{RECIPIENTS}{carrier().pk}/edit/", recipient_form(name_en="Mine")),
        (f"{RECIPIENTS}{carrier().pk}/retire/", {}),
        (f"{RECIPIENTS}{carrier().pk}/agree/", agreement_form(reference="2")),
        (f"{RECIPIENTS}{carrier().pk}/agreements/{agreement.pk}/end/", {"last_day": "2026-12-01"}),
        (f"{LIMITS}add/", limit_form(kind="breach_people")),
        (f"{LIMITS}{limit.pk}/change_from/", limit_form()),
        (f"{LIMITS}{limit.pk}/end/", {"last_day": "2026-12-01"}),
        (f"{LIMITS}{limit.pk}/confirm/", {}),
        (f"{RULES}add/", retention_form(rule, category="visit")),
        (f"{RULES}{rule.pk}/change_from/", retention_form(rule)),
    ]
    tables = (Purpose, Recipient, Agreement, TimeLimit, RetentionRule)
    before = [list(table.objects.order_by("pk").values()) for table in tables]
    answers = {client.post(address, data).status_code for address, data in attempts}

    assert answers == {403}
    assert [list(table.objects.order_by("pk").values()) for table in tables] == before
    download = client.get(f"{RECIPIENTS}{carrier().pk}/agreements/{agreement.pk}/file/")
    assert (download.getvalue() == b"%PDF-1.4 signed") == (role == AUDITOR)
    assert download.status_code == (200 if role == AUDITOR else 403)
