"""Translations, without GNU gettext.

    python -m tools.messages extract    collect our texts into locale/vi, keep what is translated
    python -m tools.messages compile    write the .mo files that are older than their .po
    python -m tools.messages check      exit 1 and name what is missing, unsure, unused or broken,
                                        and what a template says without a translation

English is the source, so it has no catalogue. Texts of libraries are translated in
locale/libraries, where the library brings no Vietnamese of its own; `check` covers both.
"""

import importlib.util
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
OURS = ROOT / "locale/vi/LC_MESSAGES/django.po"
FOR_LIBRARIES = ROOT / "locale/libraries/vi/LC_MESSAGES/django.po"
NOT_OURS = {"locale", "node_modules", "static", "tests", "tools", "var"}

# Django brings lists of all its texts.
DJANGO = ["conf", "contrib/admin", "contrib/auth", "contrib/contenttypes"]
# Of these, texts are collected from the parts that staff or customers see.
LIBRARIES = {
    "allauth": [
        *("account", "core", "usersessions"),
        *("templates/account", "templates/allauth", "templates/usersessions"),
    ],
    "simple_history": ["."],
    "unfold": ["."],
}
# Files whose texts nobody sees here: names of languages, Django's welcome page, its file server,
# names of field types in a documentation that is not installed, unfold's extras for libraries
# that are not installed.
UNSEEN = re.compile(
    "global_settings|default_urlconf|views/static|contrib/messages/apps"
    "|constance|guardian|import_export|contrib/location"
)
# Which of a call's arguments are texts; "c" marks a context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...]] = {
    "_": (1,),
    "gettext": (1,),
    "gettext_lazy": (1,),
    "gettext_noop": (1,),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# What a template says to people, once all this is gone: translated text, what Django or the browser
# acts on, names of classes.
UNSPOKEN = re.compile(
    r"{% blocktrans.*?{% endblocktrans\w* %}|{% comment.*?{% endcomment %}"
    r"|{% block \w+_class %}.*?{% endblock.*?%}|{#.*?#}|{%.*?%}|{{.*?}}|<!.*?>|&\w+;"
    r"|<(script|style)\b.*?</\1>|<span class=\"material-symbols-outlined.*?</span>",
    re.DOTALL,
)
SPOKEN_ATTRIBUTE = re.compile(r"""\b(?:alt|aria-label|placeholder|title)=["']([^"']*)""")
# The pages of faults speak both languages at once; languages are called by their own names.
BILINGUAL = re.compile(r"templates/(\d{3}\w*|layouts/fault)\.html")
OWN_NAMES = {"VI", "EN", "Tiếng Việt", "English", "SHA-256"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z%]|\{\w*\}")


class PlainCatalog(Catalog):
    """A catalogue whose header never changes: dates in it would conflict on every branch."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Project-Id-Version", "privacyportal"),
            ("Language", "vi"),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", "nplurals=1; plural=0;"),
        ]


def main() -> int:
    commands = {"extract": update, "compile": compile_stale, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.stderr.write(__doc__ or "")
        return 2
    faults = commands[sys.argv[1]]() or []
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    return 1 if faults else 0


def update() -> None:
    old = _read(OURS)
    new = _texts(_our_files())
    for message in _messages(new):
        if known := old.get(message.id, message.context):
            message.string = known.string
            message.flags = known.flags
            message.user_comments = known.user_comments
    OURS.parent.mkdir(parents=True, exist_ok=True)
    with OURS.open("wb") as file:
        write_po(file, new, width=99, sort_output=True, include_lineno=False, ignore_obsolete=True)


def compile_stale() -> None:
    for po in ROOT.glob("locale/**/*.po"):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        unfinished = mo.with_suffix(".new")
        with unfinished.open("wb") as file:
            write_mo(file, _read(po))
        unfinished.rename(mo)


def check() -> list[str]:
    ours = _read(OURS)
    faults = [*_faults_against(_texts(_our_files()), ours, OURS), *_unmarked(_our_files())]
    libraries = _read(FOR_LIBRARIES)
    faults += _broken(libraries, FOR_LIBRARIES)
    parts = [*_library_parts()]
    # Django looks a text up in all catalogues at once, whoever uses it.
    catalogues = [ours, libraries, *(own for _, _, own in parts)]
    for name, texts, _ in parts:
        for message in _messages(texts):
            if _is_seen(message) and not any(_has(each, message) for each in catalogues):
                faults.append(f"{_place(FOR_LIBRARIES)}: missing, from {name}: {_shown(message)}")
    return faults


def _faults_against(texts: Catalog, translations: Catalog, path: Path) -> Iterator[str]:
    for message in _messages(texts):
        if not _has(translations, message):
            yield f"{_place(path)}: missing: {_shown(message)}"
    for message in _messages(translations):
        if message.id and texts.get(message.id, message.context) is None:
            yield f"{_place(path)}: no longer used: {_shown(message)}"
    yield from _broken(translations, path)


def _broken(translations: Catalog, path: Path) -> Iterator[str]:
    """Name translations that are unsure or that would fail to take their values."""
    for message in _messages(translations):
        if message.fuzzy:
            yield f"{_place(path)}: fuzzy: {_shown(message)}"
        elif (
            message.string
            and _is_complete(message)
            and _placeholders(message.string) != _placeholders(message.id)
        ):
            yield f"{_place(path)}: other placeholders: {_shown(message)}"


def _has(translations: Catalog, message: Message) -> bool:
    found = translations.get(message.id, message.context)
    return found is not None and not found.fuzzy and _is_complete(found)


def _is_complete(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(strings)


def _is_seen(message: Message) -> bool:
    return not message.locations or not all(UNSEEN.search(path) for path, _ in message.locations)


def _placeholders(text: str | Iterable[str]) -> set[str]:
    """Return what a text must be given; of a plural, what its last form must be."""
    last = text if isinstance(text, str) else [*text][-1]
    return set(PLACEHOLDER.findall(last)) - {"%%"}


def _messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def _shown(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return repr(text) + (f" ({message.context})" if message.context else "")


def _place(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _unmarked(files: Iterable[tuple[Path, str]]) -> Iterator[str]:
    """Name what templates say in one language alone."""
    for path, name in files:
        if path.suffix == ".py" or BILINGUAL.fullmatch(name):
            continue
        markup = UNSPOKEN.sub("", path.read_text(encoding="utf-8"))
        spoken = [*re.split(r"<[^>]*>|\n", markup), *SPOKEN_ATTRIBUTE.findall(markup)]
        for text in (each.strip(" –,") for each in spoken):
            if any(map(str.isalpha, text)) and text not in OWN_NAMES:
                yield f"{name}: not translated: {text!r}"


# Files


def _read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale="vi")
    with path.open("rb") as file:
        return read_po(file, locale="vi")


def _our_files() -> Iterator[tuple[Path, str]]:
    for directory in sorted(ROOT.glob("[a-z]*/")):
        if directory.name not in NOT_OURS:
            yield from _files(directory, ROOT)


def _library_parts() -> Iterator[tuple[str, Catalog, Catalog]]:
    """Yield each part's name, its texts and its own Vietnamese."""
    django = _package("django")
    for part in DJANGO:
        locale = django / part / "locale"
        texts, own = (_read(locale / code / "LC_MESSAGES/django.po") for code in ("en", "vi"))
        yield f"django/{part}", texts, own
    for name, parts in LIBRARIES.items():
        package = _package(name)
        own = _read(package / "locale/vi/LC_MESSAGES/django.po")
        for part in parts:
            yield f"{name}/{part}", _texts(_files(package / part, package)), own


def _files(directory: Path, base: Path) -> Iterator[tuple[Path, str]]:
    """Yield files that may hold texts, each with the name to show for it."""
    for path in sorted(directory.rglob("*")):
        parts = set(path.relative_to(directory).parts)
        if path.suffix in {".py", ".html", ".txt"} and not parts & {
            "migrations",
            "static",
            "tests",
        }:
            yield path, path.relative_to(base).as_posix()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"The package {name} is missing: run make again.")
    return Path(spec.origin).parent


# Texts


def _texts(files: Iterable[tuple[Path, str]]) -> Catalog:
    catalogue = PlainCatalog(locale="vi", header_comment="# The portal in Vietnamese.", fuzzy=False)
    for path, name in files:
        for context, text in _texts_of(path, name):
            catalogue.add(text, context=context, locations=[(name, 0)])
    return catalogue


def _texts_of(path: Path, name: str) -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Django blanks out everything but the calls; in brackets, indentation has no meaning.
        source = f"({templatize(source, origin=name)}\n)"
    for _line, text, _comments, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        yield context, text


if __name__ == "__main__":
    sys.exit(main())
