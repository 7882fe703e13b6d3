"""Plays a scenario through the pure core, in memory, on virtual time: for fast tests and mutation tests.

It keeps the shell's promises without the shell: a record counts once, time never runs backwards, timers due before an
instant fire before its records in due order, a decision that fails leaves no trace, closed history is loaded again
when a record refers to it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import OutputEvent
from schemas.codec import Readable, decode
from streams.domain.cascade import cascade
from streams.domain.context import Context, Received, TimerFired, Trigger
from streams.domain.core import ExternalRef, Incident, Timer
from streams.domain.state import AreaState, Drop, Entity, Key
from streams.policy.loader import bundled
from streams.policy.model import Policy
from streams.scenario.binder import Lookup
from streams.scenario.compile import Record, record_of
from streams.scenario.fold import Observed
from streams.scenario.model import Scenario, Send

MAX_TIMERS = 50_000
"""More timers than this between two instants means that rules set them in circles."""


@dataclass
class Played:
    """What came out, and which faults the run had."""

    observed: list[Observed] = field(default_factory=list)
    events: list[OutputEvent] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class _Area:
    """One area: its working state, and everything it ever stored."""

    state: AreaState
    store: dict[Key, Entity] = field(default_factory=dict)
    clusters: dict[str, set[Key]] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)

    def recall(self, lookups: tuple[tuple[str, str], ...]) -> None:
        """Load what a trigger refers to and the working state has let go, with its whole incident."""
        for key in lookups:
            entity = self.store.get(key)
            if entity is None:
                continue
            incident = entity.id if isinstance(entity, Incident) else entity.incident
            if incident is None:
                self.state.load([entity])
                continue
            keys = self.clusters.get(incident, set()) | {("incident", incident)}
            cluster = [self.store[one] for one in sorted(keys) if one in self.store]
            self.state.load(cluster, visitors=(incident,))
            if isinstance(entity, ExternalRef):
                self.recall(((Incident.KIND, incident),) if ("incident", incident) not in keys else ())

    def commit(self) -> None:
        """Store what changed and let go of what is closed."""
        for key, entity in self.state.changed():
            if key[0] == Timer.KIND:
                self.timers.pop(key[1], None)
            if entity is None:
                self.store.pop(key, None)
                continue
            if isinstance(entity, Timer):
                self.timers[entity.id] = entity
            self.store[key] = entity
            if entity.incident is not None:
                self.clusters.setdefault(entity.incident, set()).add(key)
        self.state.settle()


class CorePlayer:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario, policy: Policy | None = None) -> None:
        self.scenario = scenario
        self.policy = policy or bundled()
        self.played = Played()
        self._areas: dict[str, _Area] = {}
        self._sent: dict[str, Record] = {}
        self._digests: dict[tuple[str, str], bytes] = {}
        self._lookup = Lookup(scenario, self.played.observed)
        self._now = scenario.start

    def play(self) -> Played:
        """Everything, to the scenario's end instant."""
        for send in self.scenario.fixture:
            self._send(send)
        for step in self.scenario.steps:
            self._advance(step.at)
            if step.send is not None:
                self._send(step.send)
        self._advance(self.scenario.end)
        return self.played

    def _send(self, send: Send) -> None:
        try:
            record = self._record(send)
        except LookupError as error:
            self.played.errors.append(str(error))
            return
        self._sent[send.id] = record
        self._take(record)

    def _record(self, send: Send) -> Record:
        if send.repeat_of is None:
            return record_of(self.scenario, send, self._now, self._lookup)
        if send.repeat_of not in self._sent:
            raise LookupError(f"step {send.id} repeats {send.repeat_of}, which sent nothing")
        return self._sent[send.repeat_of]

    def _take(self, record: Record) -> None:
        read = decode(record.topic, record.headers, record.value)
        if not isinstance(read, Readable):
            self.played.errors.append(f"step {record.step}: {read.code} {read.path} {read.message}")
            return
        envelope, event = read.envelope, read.event
        key = (envelope.source, envelope.id)
        if key in self._digests:
            return
        self._digests[key] = read.digest
        received = Received(event, envelope.source, envelope.id, record.value, envelope.signature, read.digest.hex())
        area = self._areas.setdefault(event.area, _Area(AreaState(event.area, self._now)))
        area.recall(event.lookups())
        self._decide(area, received, record.step)

    def _decide(self, area: _Area, trigger: Trigger, cause: str) -> None:
        state = area.state
        state.now = self._now
        context = Context(state.area, self.scenario.realm, self._now, self.policy, trigger)
        try:
            events = list(cascade(state, context))
        except Exception as error:  # noqa: BLE001 - the shell quarantines whatever breaks a decision; so does this
            state.undo()
            self.played.errors.append(f"{cause} at {self.scenario.calendar.tell(self._now)}: {_told(error)}")
            if isinstance(trigger, TimerFired):
                state.apply([Drop(Timer, trigger.timer)])
                area.commit()
            return
        self.played.events += events
        for event in events:
            state.seq += 1
            number = len(self.played.observed)
            data = event.model_dump(mode="json")
            self.played.observed.append(Observed(event.TYPE, state.area, self._now, number, data, cause))
        area.commit()

    def _advance(self, to: datetime) -> None:
        """Fire what falls due before `to`, each at its own instant, then move the clock."""
        for _ in range(MAX_TIMERS):
            found = self._next_due(to)
            if found is None:
                self._now = max(self._now, to)
                return
            area, timer = found
            self._now = max(self._now, timer.due)
            fired = TimerFired(timer.id, timer.kind, timer.ref, timer.due, timer.incident, 0)
            area.recall(fired.lookups())
            self._decide(area, fired, timer.id)
        self.played.errors.append(f"more than {MAX_TIMERS} timers until {self.scenario.calendar.tell(to)}")

    def _next_due(self, before: datetime) -> tuple[_Area, Timer] | None:
        due = (
            ((timer.due, code, timer.id), (area, timer))
            for code, area in self._areas.items()
            for timer in area.timers.values()
            if timer.due < before
        )
        first = min(due, key=lambda one: one[0], default=None)
        return first[1] if first else None


def play(scenario: Scenario, policy: Policy | None = None) -> Played:
    """Play a scenario through the core."""
    return CorePlayer(scenario, policy).play()


def _told(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{where}"
