import os

import pytest
from babel.messages.mofile import read_mo

from tools import messages

SOURCE = """
from django.utils.translation import gettext as _, ngettext, pgettext_lazy

TEXTS = [
    _("Hello %(name)s"),
    ngettext("%(n)d day", "%(n)d days", 2),
    pgettext_lazy("month", "May"),
    _(variable),
]
"""
TEMPLATE = """
    {% load i18n %}
  <p>It's {% translate "closed" %} ({# a stray ' and ) #}
      {% blocktranslate trimmed count n=3 %}one file{% plural %}{{ n }} files{% endblocktranslate %}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A small project with texts in code and in a template, and an empty catalogue."""
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "OURS", tmp_path / "locale/vi/LC_MESSAGES/django.po")
    (tmp_path / "app/templates").mkdir(parents=True)
    (tmp_path / "app/views.py").write_text(SOURCE)
    (tmp_path / "app/templates/page.html").write_text(TEMPLATE)
    messages.update()
    return tmp_path


def translate(text, translation):
    catalogue = messages.OURS.read_text()
    assert f'msgid "{text}"\nmsgstr ""' in catalogue
    messages.OURS.write_text(
        catalogue.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{translation}"')
    )


def faults():
    ours = messages._read(messages.OURS)
    texts = messages._texts(messages._our_files())
    return [
        fault.partition(": ")[2] for fault in messages._faults_against(texts, ours, messages.OURS)
    ]


def test_texts_are_found_in_code_and_templates(project):
    assert sorted(faults()) == [
        "missing: '%(n)d day'",
        "missing: 'Hello %(name)s'",
        "missing: 'May' (month)",
        "missing: 'closed'",
        "missing: 'one file'",
    ]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("<p>Not translated\n  at all.</p>", ["Not translated", "at all."]),
        ("<p>{{ name }} đã đóng {% translate 'account' %}</p>", ["đã đóng"]),
        ('<img alt="A chart">', ["A chart"]),
        ("{% if on %}<a title='Open'>→</a>{% endif %}", ["Open"]),
        ("{% blocktranslate trimmed %}You {{ n }}{% endblocktranslate %} 12", []),
        ('<a lang="en" href="/en/">EN<span> – English</span></a>', []),
        ("<!doctype html><!-- note --><script>go()</script>&nbsp;1 – 2", []),
        (
            '{% block main_class %}narrow{% endblock main_class %}<h1 title="1">2</h1>',
            [],
        ),
        ("{% comment %}\nnever shown\n{% endcomment %}{# nor this #}", []),
    ],
)
def test_words_of_a_template_that_are_not_marked_are_named(project, template, said):
    (project / "app/templates/page.html").write_text(template)

    faults = messages._unmarked(messages._our_files())

    assert [*faults] == [f"app/templates/page.html: not translated: {text!r}" for text in said]


@pytest.mark.parametrize("name", ["404.html", "403_csrf.html", "layouts/fault.html"])
def test_pages_of_faults_may_speak_both_languages_at_once(project, name):
    path = project / "templates" / name
    path.parent.mkdir(parents=True)
    path.write_text("<p>Không tìm thấy – Not found</p>")

    assert [*messages._unmarked([(path, f"templates/{name}")])] == []


def test_the_check_fails_for_words_in_one_language_alone(project, monkeypatch, capsys):
    monkeypatch.setattr(messages, "_library_parts", list)
    (project / "app/templates/page.html").write_text("<p>Only English</p>")
    monkeypatch.setattr(messages, "FOR_LIBRARIES", project / "locale/libraries.po")
    monkeypatch.setattr(messages.sys, "argv", ["messages", "check"])

    assert messages.main() == 1

    assert "app/templates/page.html: not translated: 'Only English'" in capsys.readouterr().err


def test_what_is_translated_stays_and_nothing_else_changes(project):
    translate("closed", "đã đóng")
    before = messages.OURS.read_text()

    messages.update()

    assert messages.OURS.read_text() == before


@pytest.mark.parametrize(
    ("translation", "fault"),
    [
        ("Xin chào %(name)s", None),
        ("Xin chào", "other placeholders: 'Hello %(name)s'"),
        ("Xin chào %(ten)s", "other placeholders: 'Hello %(name)s'"),
    ],
)
def test_a_translation_takes_the_same_values(project, translation, fault):
    translate("Hello %(name)s", translation)

    assert [each for each in faults() if "Hello" in each] == ([fault] if fault else [])


def test_an_unsure_and_an_unused_translation_are_named(project):
    translate("closed", "đã đóng")
    catalogue = messages.OURS.read_text()
    unused = '\nmsgid "gone"\nmsgstr "đã mất"\n'
    messages.OURS.write_text(
        catalogue.replace('msgid "closed"', '#, fuzzy\nmsgid "closed"') + unused
    )

    assert {"missing: 'closed'", "fuzzy: 'closed'", "no longer used: 'gone'"} <= {*faults()}


def test_only_a_changed_catalogue_is_compiled(project):
    translate("closed", "đã đóng")
    messages.compile_stale()
    compiled = messages.OURS.with_suffix(".mo")
    with compiled.open("rb") as file:
        assert read_mo(file).get("closed").string == "đã đóng"
    os.utime(messages.OURS, (1, 1))
    os.utime(compiled, (2, 2))

    messages.compile_stale()

    assert compiled.stat().st_mtime == 2
