"""Plays a scenario through the pure core, in memory, on virtual time: for fast tests and mutation tests.

It keeps the shell's promises without the shell: a record counts once, time never runs backwards, timers due before an
instant fire before its records in due order, a decision that fails leaves no trace, closed history is loaded again
when a record refers to it.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from schemas.base import InputEvent, OutputEvent
from schemas.codec import Readable, decode, encode
from schemas.envelope import stamp, write
from schemas.inputs.registers import AreaRegistered
from schemas.inputs.resources import ResourcePositioned
from schemas.topics import MUTUAL_AID
from streams.domain.allocation.telemetry import adopt_positions, kinds_wanted
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened, Received, TimerFired, Trigger
from streams.domain.core import Area
from streams.domain.intake import unknown_division
from streams.domain.memory import AreaMemory
from streams.domain.state import AreaState
from streams.policy.loader import bundled
from streams.policy.model import Policy
from streams.scenario.binder import Lookup
from streams.scenario.compile import Record, record_of
from streams.scenario.fold import Observed
from streams.scenario.model import Scenario, Send

MAX_LETTERS = 10_000
MAX_TIMERS = 50_000
"""More timers than this between two instants means that rules set them in circles."""


@dataclass
class Played:
    """What came out, and which faults the run had."""

    observed: list[Observed] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class CorePlayer:
    """Plays one scenario."""

    def __init__(self, scenario: Scenario, policy: Policy | None = None) -> None:
        self.scenario = scenario
        self.policy = policy or bundled()
        self.played = Played()
        self.areas: dict[str, AreaMemory] = {}
        self._sent: dict[str, Record] = {}
        self._digests: dict[tuple[str, str], bytes] = {}
        self._lookup = Lookup(scenario, self.played.observed)
        self._now = scenario.start
        self._letters: deque[Record] = deque()

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
        self._deliver()

    def _record(self, send: Send) -> Record:
        if send.repeat_of is None:
            return record_of(send, self._now, self._lookup)
        if send.repeat_of not in self._sent:
            raise LookupError(f"step {send.id} repeats {send.repeat_of}, which sent nothing")
        return self._sent[send.repeat_of]

    def _take(self, record: Record) -> None:
        read = decode(record.topic, record.headers, record.value)
        if not isinstance(read, Readable):
            self._fault(record.step, f"{read.code} {read.path} {read.message}")
            return
        envelope, event = read.envelope, read.event
        if (envelope.source, envelope.id) in self._digests:
            return
        self._digests[envelope.source, envelope.id] = read.digest
        memory = self.areas.setdefault(event.area, AreaMemory(AreaState(event.area, self._now)))
        memory.recall(event.lookups())
        refusal = self._unreadable(memory.state, event)
        if refusal is not None:
            self._fault(record.step, refusal)
        elif isinstance(event, ResourcePositioned):
            memory.positions[event.resource] = (event.position.lat, event.position.lon, event.observed_at)
        else:
            self._adopt(memory, event, record.step)
            digest = read.digest.hex()
            received = Received(event, envelope.source, envelope.id, record.value, envelope.signature, digest)
            self._decide(memory, received, record.step)

    def _unreadable(self, state: AreaState, event: InputEvent) -> str | None:
        """Why the shell would make a dead letter of the record."""
        if not isinstance(event, AreaRegistered) and state.get(Area, state.area) is None:
            return f"UNKNOWN_AREA {event.area}"
        missing = unknown_division(state, event)
        return f"UNKNOWN_DIVISION {missing}" if missing else None

    def _adopt(self, memory: AreaMemory, event: InputEvent, step: str) -> None:
        kinds = kinds_wanted(event)
        found = adopt_positions(memory.state, memory.positions, kinds) if kinds and memory.positions else None
        if found is not None:
            self._decide(memory, Happened(found, f"positions:{step}"), f"positions:{step}")

    def _decide(self, memory: AreaMemory, trigger: Trigger, cause: str) -> None:
        state = memory.state
        state.now = self._now
        context = Context(state.area, self.scenario.realm, self._now, self.policy, trigger)
        try:
            events = list(cascade(state, context))
        except Exception as error:  # noqa: BLE001 - the shell quarantines whatever breaks a decision; so does this
            state.undo()
            self._fault(cause, _told(error))
            if isinstance(trigger, TimerFired):
                memory.drop_timer(trigger.timer)
            return
        for event in events:
            self._observe(state, event, cause)
        memory.commit()

    def _observe(self, state: AreaState, event: OutputEvent, cause: str) -> None:
        state.seq += 1
        data = event.model_dump(mode="json")
        self.played.observed.append(Observed(event.TYPE, state.area, self._now, state.seq, data, cause))
        if event.TOPIC == MUTUAL_AID and event.key(state.area) in self.areas:
            self._letters.append(self._letter(state, event))

    def _letter(self, state: AreaState, event: OutputEvent) -> Record:
        """What one city tells another, as that city's lane gets it."""
        id_ = f"{state.area}-{state.seq}"
        source = f"liandong/{self.scenario.realm}/{state.area}"
        headers = write({"id": id_, "source": source, "type": event.TYPE, "time": stamp(self._now)})
        area = event.key(state.area)
        return Record(MUTUAL_AID, area.encode(), encode(event), tuple(headers), self._now, id_, area)

    def _deliver(self) -> None:
        for _ in range(MAX_LETTERS):
            if not self._letters:
                return
            self._take(self._letters.popleft())
        self._fault("mutual.aid", f"more than {MAX_LETTERS} messages between cities follow from one record")

    def _fault(self, cause: str, told: str) -> None:
        self.played.errors.append(f"{cause} at {self.scenario.calendar.tell(self._now)}: {told}")

    def _advance(self, to: datetime) -> None:
        """Fire what falls due before `to`, each at its own instant, then move the clock."""
        for _ in range(MAX_TIMERS):
            due = [(timer.due, code, timer) for code, one in self.areas.items() if (timer := one.next_due(to))]
            if not due:
                self._now = max(self._now, to)
                return
            instant, code, timer = min(due, key=lambda one: one[:2])
            self._now = max(self._now, instant)
            fired = TimerFired(timer.id, timer.kind, timer.ref, timer.due, timer.incident, 0)
            self.areas[code].recall(fired.lookups())
            self._decide(self.areas[code], fired, timer.id)
            self._deliver()
        self._fault("clock", f"more than {MAX_TIMERS} timers until {self.scenario.calendar.tell(to)}")


def play(scenario: Scenario, policy: Policy | None = None) -> Played:
    """Play a scenario through the core."""
    return CorePlayer(scenario, policy).play()


def _told(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"
