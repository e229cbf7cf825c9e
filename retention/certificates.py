"""The certificate of an erasure: what went, by which rule, and that nothing was left. Not stored.

It is made from the tombstone and its run, which know the customer by public id alone.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.documents import (
    Content,
    Document,
    Fact,
    Section,
    document_kind,
    issue,
    name_of,
    said_day,
    said_moment,
)
from common.personal_data import DataCategory
from common.signatures import canonical
from policies.as_of import company_at
from policies.document_parts import controller_section, party_of, period_facts, period_under
from retention.models import PurgeRun, Tombstone

KIND = "erasure-certificate"
SCHEMA = "portal erasure certificate 1"


def can_be_certified(tombstone: Tombstone) -> bool:
    """Say whether the runs are over and their searches have found nothing."""
    return not any(map(_is_in_doubt, tombstone.runs()))


def issue_certificate(tombstone: Tombstone) -> Document:
    """Sign what the tombstone says, as of the last search: each time the same."""
    *earlier, last = runs = tombstone.runs()
    if any(map(_is_in_doubt, runs)):
        raise ValueError("a run that is in doubt certifies nothing")
    return issue(
        KIND,
        {
            "schema_version": SCHEMA,
            "pii_principal_id": tombstone.public_id,
            "controller": party_of(company_at(tombstone.erased_at)),
            "opened_on": tombstone.opened_on.isoformat(),
            "closed_on": tombstone.closed_on.isoformat(),
            "kept_until": tombstone.retained_until.isoformat(),
            "erased_at": _moment(tombstone.erased_at),
            "rows": tombstone.rows,
            "rule": period_under(tombstone.rule) if tombstone.rule else {},
            "earlier_runs": [_told(run) for run in earlier],
            "run": _told(last),
        },
        at=max(run.searched_at for run in runs if run.searched_at),
    )


def _is_in_doubt(run: PurgeRun) -> bool:
    return run.searched_at is None or bool(run.residue)


def _told(run: PurgeRun) -> Content:
    return {
        "started_at": _moment(run.started_at),
        "searched_at": _moment(run.searched_at) if run.searched_at else "",
        "searched": run.searched,
        "sha256": digest_of(run),
    }


def digest_of(run: PurgeRun) -> str:
    """Return the SHA-256 of what a run reported, in canonical JSON."""
    report = {
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at) if run.finished_at else "",
        "searched_at": _moment(run.searched_at) if run.searched_at else "",
        **{name: getattr(run, name) for name in ("due", "erased", "partly", "held", "failed")},
        **{name: getattr(run, name) for name in ("deferred", "counts", "rows", "files")},
        **{name: getattr(run, name) for name in ("searched", "residue")},
    }
    return hashlib.sha256(canonical(report)).hexdigest()


def _moment(at: datetime) -> str:
    return timezone.localtime(at, timezone.get_default_timezone()).isoformat()


@document_kind(KIND, gettext_lazy("Certificate of erasure"))
def read_certificate(content: Content) -> list[Section]:
    return [
        Section(
            _("The erasure"),
            [
                Fact(_("Customer, by pseudonym"), content["pii_principal_id"]),
                Fact(_("Account opened"), said_day(content["opened_on"])),
                Fact(_("Account closed"), said_day(content["closed_on"])),
                Fact(_("Kept until"), said_day(content["kept_until"])),
                Fact(_("Erased"), said_moment(content["erased_at"])),
            ],
        ),
        Section(_("What was erased"), [Fact(_("Data"), *_rows(content["rows"]))]),
        Section(_("By which rule"), period_facts(content["rule"]) if content["rule"] else []),
        Section(
            _("What shows it"),
            [
                *(
                    fact
                    for run in content.get("earlier_runs", ())
                    for fact in _facts_of(run, _("Run that erased a part"))
                ),
                *_facts_of(content["run"], _("Run of the erasure")),
            ],
        ),
        controller_section(content["controller"]),
    ]


def _facts_of(run: Content, label: str) -> list[Fact]:
    return [
        Fact(label, said_moment(run["started_at"])),
        Fact(_("Hash of the run (SHA-256)"), run["sha256"]),
        Fact(_("Searched for what might be left"), said_moment(run["searched_at"])),
        Fact(_("Result"), _result(run["searched"])),
    ]


def _rows(rows: dict[str, Any]) -> list[str]:
    return [
        _("%(data)s: %(n)s records") % {"data": name_of(DataCategory, code), "n": number}
        for code, number in sorted(rows.items())
    ]


def _result(searched: dict[str, Any]) -> str:
    return _(
        "Nothing was found of %(strings)s strings in %(tables)s tables, the cache, the queues and"
        " %(files)s files."
    ) % {kind: searched.get(kind, 0) for kind in ("strings", "tables", "files")}
