import pytest

from policies.models import Company, PolicyVersion, Purpose
from privacyportal.roles import DPO
from tests.factories import make_staff

MODELS = [
    "company",
    "policyversion",
    "purpose",
    "recipient",
    "timelimit",
    "retentionrule",
    "officialday",
]


@pytest.fixture
def dpo(client, db):
    client.force_login(make_staff(DPO))


@pytest.mark.parametrize("model", MODELS)
def test_what_a_profile_says_is_read_and_not_edited(model, client, dpo):
    page = f"/admin/policies/{model}/"
    row = client.get(page).context_data["cl"].result_list[0]

    answers = {
        method: getattr(client, method)(f"{page}{row.pk}/change/").status_code
        for method in ("get", "post")
    }

    assert answers == {"get": 200, "post": 403}
    assert client.post(f"{page}add/").status_code == 403
    assert client.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{page}{row.pk}/history/").status_code == 200


def test_a_policy_version_shows_its_texts(client, dpo):
    version = PolicyVersion.objects.current()

    page = client.get(f"/admin/policies/policyversion/{version.pk}/change/").content.decode()

    for text in version.texts.all():
        assert text.sha256 in page


@pytest.mark.parametrize("language", ["vi", "en"])
def test_names_are_shown_in_the_readers_language(language, client, dpo):
    client.cookies["django_language"] = language

    page = client.get("/admin/policies/purpose/").content.decode()

    purpose = Purpose.objects.get(code="newsletter")
    assert getattr(purpose, f"name_{language}") in page
    assert Company.objects.count() == 1
