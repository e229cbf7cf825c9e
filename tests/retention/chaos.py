"""Two workers purge, are killed and cut off, and people go on with what they do.

It runs in a process of its own, with one thread, so that it can fork: a worker that begins anew
costs a few milliseconds. Who was forked opens connections of their own; none is inherited.
"""

import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from itertools import chain, cycle, islice, repeat
from multiprocessing import Pipe, get_context
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path
from random import Random
from time import sleep
from typing import Any, NamedTuple

from django.db import Error, OperationalError, connection, connections
from django.utils import timezone
from psycopg.errors import AdminShutdown

from policies.retention import rule_after_closing
from retention import ledger, purge, watch
from tests.factories import approve
from tests.retention.chaos_checks import Planted, afterwards, holdings, snapshot
from tests.retention.chaos_people import (
    A_DAY,
    Answer,
    Deed,
    Desk,
    make_due,
    plant_customers,
    plant_neighbours,
)

Step = tuple[Any, str]

STEPS: Mapping[str, Step] = {
    "portrait": (purge, "portray"),
    "rows": (purge, "erase"),
    "tombstones": (purge, "_bury"),
    "ledger": (ledger, "record"),
    "files": (purge, "remove_doomed_files"),
    "statistics": (watch, "renew_statistics"),
    "search": (watch.Search, "run"),
    "report": (watch, "_report"),
}
"""What a purge does to those who are due: functions, in the order in which it calls them."""

WORKERS = 2
AT_ONCE = 30  # customers planted
WAVE = 2  # of them become due together
NEIGHBOURS, FIRST_NEIGHBOUR = 9, 10**9
LOOKS = 12
A_RUN = 0.3  # seconds, about
IDLE, ANYWHERE = 0, -1  # beside the numbers of places
KINDS = ("kill", "cut")
WORKER = "portal chaos"  # the name of a worker's connection, before its number

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"

fork = get_context("fork")


class Strike(NamedTuple):
    kind: str
    place: int


@dataclass(frozen=True)
class Plan:
    """What is done to whom: ``run`` is the purge, which goes through ``steps``."""

    run: Callable[..., Any]
    steps: Mapping[str, Step]
    faults: int
    seed: int

    @property
    def places(self) -> list[str]:
        """Where a worker can be: idle, inside of a step or behind it."""
        return ["idle", *(f"{side} {step}" for step in self.steps for side in ("in", "after"))]

    def strikes(self) -> list[Strike]:
        """Return kills and cuts of the connection, in every place and at any moment."""
        places = [*islice(cycle(range(1, len(self.places))), self.faults // 9)]
        anywhere = [ANYWHERE] * (self.faults // 6)
        strikes = [Strike(kind, place) for kind in KINDS for place in (*places, *anywhere)]
        Random(self.seed).shuffle(strikes)
        return strikes

    def deeds(self) -> list[str]:
        return [*islice(cycle(A_DAY), self.faults - len(self.strikes()))]


class Board:
    """What all processes see: where each worker is, and how far everything has come.

    halts_at: the place in which the next worker that comes there waits until it is struck.
    rests: what ``due`` was when a worker last began a run that it brought to its end.
    cuts: how often a worker was cut off, each of which may have ended one of its runs.
    """

    def __init__(self) -> None:
        self.where = RawArray("i", WORKERS)
        self.is_halted = RawArray("i", WORKERS)
        self.cuts, self.ended = RawArray("i", WORKERS), RawArray("i", WORKERS)
        self.halts_at = RawValue("i", ANYWHERE)
        self.done = RawValue("d", 0.0)  # of the strikes, from 0 to 1
        self.due = RawValue("i", 0)  # the number of the last customer who is
        self.rests = RawArray("i", WORKERS)
        self.is_over = RawValue("i", 0)

    def reach(self, worker: int, place: int) -> None:
        self.where[worker] = place
        if place == self.halts_at.value:
            self.halts_at.value = ANYWHERE
            self.is_halted[worker] = True
            while self.is_halted[worker]:
                sleep(0.001)


def purge_until_killed(plan: Plan, board: Board, worker: int, name: str) -> None:
    connection.settings_dict["OPTIONS"]["application_name"] = name
    for number, (owner, function) in enumerate(plan.steps.values()):
        observed = _observed(getattr(owner, function), board, worker, 2 * number + 1)
        setattr(owner, function, observed)
    while not board.is_over.value:
        due = board.due.value
        if board.rests[worker] == due:
            sleep(0.002)
            continue
        try:
            plan.run(at=tomorrow())
        except Error as error:  # as a job that failed, it is run again
            board.ended[worker] += 1
            if not _was_cut(error) or board.ended[worker] > board.cuts[worker]:
                raise
        else:
            board.rests[worker] = due
        connections.close_all()  # as Celery does behind a task
        board.where[worker] = IDLE


def _was_cut(error: Error) -> bool:
    """Say whether the connection is to blame, and not the code."""
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, OperationalError) and state in (None, AdminShutdown.sqlstate)


def _observed(function: Callable[..., Any], board: Board, worker: int, place: int) -> Any:
    """Let a function say where the worker is.

    That is nowhere, until the first step is done to somebody: it takes whom.
    """

    @wraps(function)
    def observed(*arguments: Any, **details: Any) -> Any:
        if board.where[worker] == IDLE and (place > 1 or not arguments[0]):
            return function(*arguments, **details)
        board.reach(worker, place)
        try:
            return function(*arguments, **details)
        finally:
            board.reach(worker, place + 1)

    return observed


def live(plan: Plan, board: Board, desk: Desk, told: Any) -> None:
    """Be the people, as fast as the strikes fall; tell each deed after it was answered."""
    deeds = plan.deeds()
    for number, kind in enumerate(deeds):
        while board.done.value < number / len(deeds) and not board.is_over.value:
            sleep(0.005)
        for attempt in chain(repeat(kind, 20), cycle(A_DAY)):  # some are possible with nobody left
            first, last = max(1, board.due.value - WAVE), board.due.value + WAVE
            deed = desk.act(attempt, range(first, last + 1))
            told.send(deed)
            if deed.answer == Answer.DONE:
                break


class Chaos:
    """The one who strikes, and keeps the book of what people were told."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.board, self.planted = plan, Board(), Planted()
        self.random = Random(plan.seed + 1)
        self.faults: Counter[str] = Counter()
        self.violations: list[str] = []
        self.deeds: list[Deed] = []
        self.workers: list[Any] = []
        self.number = self.started = self.looks = 0

    def run(self) -> None:
        approve(rule_after_closing(timezone.localdate()))
        plant_neighbours(range(FIRST_NEIGHBOUR, FIRST_NEIGHBOUR + NEIGHBOURS))
        neighbours, _orphans = holdings()
        self._plant()
        make_due([1])
        self.plan.run(at=tomorrow())  # so that who is forked begins with all that is only made once
        self._torment()
        make_due(range(1, self.number + 1))
        try:
            self.plan.run(at=tomorrow())
        except Error as error:
            self.violations.append(f"the last run failed: {error}")
        self.violations += afterwards(self.planted, self.deeds, neighbours)

    def report(self) -> dict[str, Any]:
        done = Counter(deed.kind for deed in self.deeds if deed.answer == Answer.DONE)
        answers = Counter(f"{deed.kind}: {deed.answer}" for deed in self.deeds)
        return {
            "faults": self.faults | done,
            "answers": answers,
            "customers": self.number,
            "looks": self.looks,
            "violations": self.violations,
        }

    def _plant(self) -> None:
        plant_customers(range(self.number + 1, self.number + AT_ONCE + 1))
        self.number += AT_ONCE
        self.planted.note()

    def _torment(self) -> None:
        desk = Desk(Random(self.plan.seed))
        connections.close_all()
        self.told, telling = Pipe(duplex=False)
        people = fork.Process(target=live, args=(self.plan, self.board, desk, telling), daemon=True)
        people.start()
        self.workers = [self._start_worker(place) for place in range(WORKERS)]
        strikes = self.plan.strikes()
        for number, strike in enumerate(strikes, start=1):
            self.faults[self._strike(strike)] += 1
            self.board.done.value = number / len(strikes)
            self._listen()
            if number % max(1, len(strikes) // LOOKS) == 0:
                self._look()
        while people.is_alive():
            self._listen()
            sleep(0.01)
        self._listen()
        self.board.is_over.value = 1
        for worker in self.workers:
            worker.join()
        if codes := {each.exitcode for each in (people, *self.workers)} - {0}:
            self.violations.append(f"somebody failed: {codes}")

    def _start_worker(self, place: int) -> Any:
        """Fork one, with no connection of ours."""
        connections.close_all()
        self.started += 1
        self.board.where[place] = self.board.is_halted[place] = IDLE
        self.board.cuts[place] = self.board.ended[place] = self.board.rests[place] = 0
        arguments = (self.plan, self.board, place, f"{WORKER} {self.started}")
        worker = fork.Process(
            target=purge_until_killed, args=arguments, name=arguments[-1], daemon=True
        )
        worker.start()
        return worker

    def _strike(self, strike: Strike) -> str:
        """Hit a worker that is in the middle of erasing somebody; return how and where."""
        hit = self._kill if strike.kind == "kill" else self._cut
        while True:
            worker = self._busy() if strike.place == ANYWHERE else self._halted(strike.place)
            if (place := hit(worker)) != IDLE:
                return f"{strike.kind} {self.plan.places[place]}"

    def _busy(self) -> int:
        """Return a worker that erases somebody, or did a moment ago."""
        while not (busy := [n for n in range(WORKERS) if self._is_busy(n)]):
            self._make_work()
        sleep(self.random.uniform(0, A_RUN))
        return self.random.choice(busy)

    def _is_busy(self, number: int) -> bool:
        return self.board.where[number] != IDLE and bool(self.workers[number].is_alive())

    def _halted(self, place: int) -> int:
        self.board.halts_at.value = place
        while not any(self.board.is_halted):
            self._make_work()
        return [*self.board.is_halted].index(True)

    def _kill(self, number: int) -> int:
        worker = self.workers[number]
        if not worker.is_alive():  # its number may be another process's by now
            self._replace(number)
            return IDLE
        os.kill(worker.pid, signal.SIGSTOP)  # so that it stays where it is seen
        place = self.board.where[number]
        if place == IDLE:
            os.kill(worker.pid, signal.SIGCONT)
            return IDLE
        worker.kill()
        self._replace(number)
        return place

    def _replace(self, number: int) -> None:
        worker = self.workers[number]
        worker.join()
        if worker.exitcode != -signal.SIGKILL:
            self.violations.append(f"a worker ended by itself: {worker.exitcode}")
        self.workers[number] = self._start_worker(number)

    def _cut(self, number: int) -> int:
        place = self.board.where[number]
        self.board.cuts[number] += 1
        with connection.cursor() as cursor:
            cursor.execute(CUT, [self.workers[number].name])
            was_hit = cursor.fetchall() == [(True,)]
        self.board.cuts[number] -= not was_hit
        self.board.is_halted[number] = False
        return place if was_hit else IDLE

    def _make_work(self) -> None:
        """Let some more become due, once no worker has anything to do."""
        sleep(0.001)
        for number, worker in enumerate(self.workers):
            if not worker.is_alive():
                self._replace(number)
        if {*self.board.rests} == {self.board.due.value}:
            if self.board.due.value + 2 * WAVE > self.number:
                self._plant()
            first = self.board.due.value + 1
            make_due(range(first, first + WAVE))
            self.board.due.value += WAVE

    def _listen(self) -> None:
        while self.told.poll():
            with suppress(EOFError):
                self.deeds.append(self.told.recv())

    def _look(self) -> None:
        self.looks += 1
        self.violations += snapshot(self.planted)


def tomorrow() -> datetime:
    return timezone.now() + timedelta(days=1)


def main(plan: Plan, report: str) -> None:
    """Torment the portal that this process is set up for; leave a report in this file."""
    sys.stdout.write(f"CHAOS_SEED={plan.seed}\n")
    chaos = Chaos(plan)
    chaos.run()
    Path(report).write_text(json.dumps(chaos.report(), indent=1))
