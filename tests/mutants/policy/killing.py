"""Tests that look for mutants: collected once, run in a fresh fork for every mutant, likely killers first.

Behaviour (scenarios, worlds, properties) looks first, for a while; then tables that restate the law's figures; then
the rest of behaviour. So what only a table noticed is counted apart, and at most too often. A test is asked only about
sections that it looked at when the law was as it is.
"""

import os
import pickle
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple, TypeVar

import pytest

from streams.policy.model import Policy
from streams.policy.reader import PolicyError
from tests.mutants.policy.law import Unchanged, enact, sections
from tests.mutants.policy.operators import Mutant

T = TypeVar("T")
R = TypeVar("R")
TIME_LIMIT_S = 300
BEHAVIOUR_FIRST_S = 2.0
"""Processor seconds for which only behaviour looks."""
Fate = Literal["behaviour", "table", "survived", "refused", "same"]


class Outcome(NamedTuple):
    """What became of a mutant, and which test noticed it first."""

    mutant: str
    fate: Fate
    by: str
    seconds: float


class Baseline(NamedTuple):
    """What a test does under the law as it is."""

    passed: bool
    seconds: float
    sections: frozenset[str]


class Reports:
    """Hears how the tests of this process end."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure in set-up, call or tear-down."""
        if report.failed:
            self.failed.append(report.nodeid)


@dataclass
class Tests:
    """All tests that may look for mutants."""

    items: list[pytest.Item]
    reports: Reports
    baseline: dict[str, Baseline] = field(default_factory=dict)
    by_entry: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_file: Counter[tuple[str, str]] = field(default_factory=Counter)

    def passes(self, item: pytest.Item) -> bool:
        """Run one test here."""
        before = len(self.reports.failed)
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return len(self.reports.failed) == before

    def in_order(self, mutant: Mutant, affected: list[str]) -> Iterator[pytest.Item]:
        """The tests that look at these sections: behaviour, by success, then by speed; tables after a while."""
        wanted = frozenset(affected)

        def rank(item: pytest.Item) -> tuple[int, int, float]:
            name = item.nodeid
            return -self.by_entry[mutant.entry, name], -self.by_file[mutant.file, name], self.baseline[name].seconds

        looking = sorted((one for one in self.items if wanted & self.baseline[one.nodeid].sections), key=rank)
        behaviour = [one for one in looking if not is_table(one)]
        end = time.process_time() + BEHAVIOUR_FIRST_S
        while behaviour and time.process_time() < end:
            yield behaviour.pop(0)
        for one in self.items:
            asked = self.baseline[one.nodeid].sections
            # A table may read the documents themselves: then it asks for no section.
            if is_table(one) and (wanted & asked or not asked):
                yield one
        yield from behaviour

    def learn(self, mutant: Mutant, outcome: Outcome) -> None:
        """Remember who noticed it."""
        self.by_entry[mutant.entry, outcome.by] += 1
        self.by_file[mutant.file, outcome.by] += 1


def is_table(item: pytest.Item) -> bool:
    """Whether the test restates the law's figures instead of showing what follows from them."""
    return item.get_closest_marker("law_table") is not None


def measured(tests: Tests, processes: int) -> dict[str, Baseline]:
    """Every test once under the law as it is: does it pass, how long, which sections does it look at.

    Each in a fork of its own: what one test made the process remember, the next one would not look up.
    """

    def measure(item: pytest.Item) -> Baseline:
        with _watched() as seen:
            start = time.process_time()
            passed = tests.passes(item)
            return Baseline(passed, time.process_time() - start, frozenset(seen))

    nothing = Baseline(passed=False, seconds=0.0, sections=frozenset())
    return {item.nodeid: found or nothing for item, found in forked(tests.items, measure, processes)}


@contextmanager
def _watched() -> Iterator[set[str]]:
    """Notes which sections of the policy are asked for."""
    seen: set[str] = set()

    def watching(name: str, slot: Any) -> property:
        def get(self: Policy) -> Any:
            seen.add(name)
            return slot.__get__(self)

        return property(get, slot.__set__)

    for one in sections():
        setattr(Policy, one.name, watching(one.name, vars(Policy)[one.name]))
    yield seen


def hunted(tests: Tests, mutant: Mutant, affected: list[str]) -> Outcome:
    """Enact the mutant in this process, and run tests until one fails."""
    start = time.process_time()

    def outcome(fate: Fate, by: str = "") -> Outcome:
        return Outcome(mutant.name, fate, by, time.process_time() - start)

    try:
        enact(mutant, affected)
    except PolicyError as error:
        return outcome("refused", error.message)
    except Unchanged:
        return outcome("same")
    for item in tests.in_order(mutant, affected):
        if not tests.passes(item):
            return outcome("table" if is_table(item) else "behaviour", item.nodeid)
    return outcome("survived")


class Fork:
    """One piece of work in a forked child; its result comes through a pipe."""

    def __init__(self, work: Callable[[], object]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(reading)
            _work(work, writing)
        os.close(writing)
        self.reading = reading

    def result(self) -> Any:
        """Wait for the child's result; None when it died."""
        with os.fdopen(self.reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(self.pid, 0)
        return pickle.loads(data) if data else None  # noqa: S301 - our own child wrote it


def _work(work: Callable[[], object], writing: int) -> None:
    code = 1
    try:
        signal.alarm(TIME_LIMIT_S)
        data = pickle.dumps(work())
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def forked(tasks: Sequence[T], work: Callable[[T], R], processes: int) -> Iterator[tuple[T, R | None]]:
    """Each task in a fork of its own, so many at once, as they end; None where the process died or did not end."""
    waiting = list(reversed(tasks))
    running: dict[int, tuple[Fork, T]] = {}
    while waiting or running:
        while waiting and len(running) < processes:
            task = waiting.pop()
            fork = Fork(partial(work, task))
            running[fork.reading] = fork, task
        for descriptor in select.select(list(running), [], [])[0]:
            fork, task = running.pop(descriptor)
            yield task, fork.result()


def hunt(tests: Tests, mutants: Sequence[Mutant], affected: dict[str, list[str]], processes: int) -> Iterator[Outcome]:
    """What becomes of each mutant; what one taught about who notices what, the next ones use."""
    for mutant, found in forked(mutants, lambda one: hunted(tests, one, affected[one.file]), processes):
        outcome = found or Outcome(mutant.name, "behaviour", "the process died or did not end", 0.0)
        if outcome.fate in {"behaviour", "table"}:
            tests.learn(mutant, outcome)
        yield outcome
