"""After a run: is anything left of those whom it erased?"""

import logging
from collections import Counter

from django.db import Error, transaction
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.staff import tell_officers
from common.database import drop_dead_connection
from retention.models import PurgeRun
from retention.portraits import Mark, Portrait
from retention.residue import Search
from retention.residue_tables import renew_statistics

logger = logging.getLogger(__name__)

MOST = 50_000  # strings, some 100 MB; a run that has more is searched for in several passes


class Watch:
    """The strings of those who were erased, in memory until everything was searched for them.

    A run counts as searched once that is so of everybody whom it erased: neither a pass that broke
    off nor a batch whose commit nobody heard of is made good by the next pass.
    """

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}
        self._runs: dict[PurgeRun, set[str]] = {}
        self._waiting: Counter[PurgeRun] = Counter()  # customers
        self._searched: Counter[PurgeRun] = Counter()

    @property
    def is_full(self) -> bool:
        return len(self._marks) >= MOST

    def add(self, run: PurgeRun, portrait: Portrait, *, number: int) -> None:
        """Add the marks of so many customers."""
        for text, mark in portrait.marks.items():
            self._marks.setdefault(text, mark).columns.update(mark.columns)
        self._runs.setdefault(run, set()).update(portrait.marks)
        self._waiting[run] += number

    def search(self) -> None:
        """Look everywhere and report it in the runs; then forget.

        What cannot be searched now leaves them in doubt, which the controls tell.
        """
        if self._runs:
            search = Search(self._marks)
            try:
                renew_statistics()
                search.run()
                self._searched.update(self._waiting)
                for run, texts in self._runs.items():
                    _report(run, search, texts, number=self._searched[run])
            except (Error, RedisError, OSError) as error:
                logger.error("residue not searched for: %s", type(error).__name__)
                drop_dead_connection()
        self._marks, self._runs, self._waiting = {}, {}, Counter()


@transaction.atomic
def _report(run: PurgeRun, search: Search, texts: set[str], *, number: int) -> None:
    """number: of the customers of this run who were searched for, by now."""
    run.refresh_from_db(fields=["erased", "partly"])
    found = {place for text in texts & search.places.keys() for place in search.places[text]}
    run.residue = sorted({*run.residue, *found})
    run.searched = dict(search.searched)
    run.searched_at = timezone.now() if number == run.erased + run.partly else None
    run.save(update_fields=["residue", "searched", "searched_at"])
    if found:
        logger.error("run %s left residue in %s places", run.pk, len(found))
        _tell_officers(run)


def _tell_officers(run: PurgeRun) -> None:
    tell_officers(
        "residue_found",
        key=f"residue-{run.pk}",
        path=reverse("admin:retention_purgerun_change", args=[run.pk]),
    )
