"""Two cities that lend to each other, and the wire between them: what is on it may be lost, repeated, overtaken."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from schemas.base import INPUTS, InputEvent, OutputEvent
from schemas.inputs.registers import AgreementRegistered, DistrictRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestCancelled, RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceDeploymentReported, ResourceRegistered
from schemas.outputs.aid_events import AidAnswered, AidMessage
from streams.domain.allocation.entities import Commitment, Line, Resource
from streams.domain.cascade import cascade, evolve
from streams.domain.context import Context, Received, TimerFired, Trigger
from streams.domain.core import Area, Incident
from streams.domain.memory import AreaMemory
from streams.domain.mutual_aid.entities import Aid, Loan
from streams.domain.state import AreaState
from streams.policy.model import Policy
from tests.allocation_city import POLICY_TEXT, policy

J, K = "990100", "990200"
START = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
HOLD_S, RETRY_S, PATIENCE_S, REVIEW_S = 120, 30, 300, 600
QUICK = (
    POLICY_TEXT.replace("hold_seconds: 1800", f"hold_seconds: {HOLD_S}")
    .replace("retry_seconds: 60", f"retry_seconds: {RETRY_S}")
    .replace("patience_seconds: 1200", f"patience_seconds: {PATIENCE_S}")
    .replace("review_seconds: 3600", f"review_seconds: {REVIEW_S}")
    .replace("standing_classes: []", "standing_classes: [1, 2, 3, 4]")
)
ASKING = POLICY_TEXT


class Side:
    """One city: its state as a worker has it, what its database has, and everything it ever decided."""

    def __init__(self, area: str, wire: "Wire", law: Policy, skew_s: int = 0) -> None:
        self.area = area
        self.wire = wire
        self.policy = law
        self.skew = timedelta(seconds=skew_s)
        """Its clock against the other city's."""
        self.memory = AreaMemory(AreaState(area, self.now))
        self.memory.state.load([Area(id=area)])
        self.fold = AreaState(area, self.now)
        self.fold.load([Area(id=area)])
        self.log: list[OutputEvent] = []
        self.late: list[str] = []
        """Confirmations that were accepted after their hold had run out. Must stay empty."""
        self._ids = count(1)
        self._requests = count(1)

    @property
    def now(self) -> datetime:
        """This city's instant."""
        return self.wire.now + self.skew

    @property
    def state(self) -> AreaState:
        """What the worker has in memory."""
        return self.memory.state

    def tell(self, event: InputEvent) -> list[OutputEvent]:
        """Decide one input."""
        self.memory.recall(event.lookups())
        return self._run(Received(event, "test", str(next(self._ids)), b""))

    def fire(self) -> list[OutputEvent]:
        """Fire what is due now."""
        fired: list[OutputEvent] = []
        while (due := self.memory.next_due(self.now)) is not None:
            trigger = TimerFired(due.id, due.kind, due.ref, due.due, due.incident)
            self.memory.recall(trigger.lookups())
            fired += self._run(trigger)
        return fired

    def crash(self) -> None:
        """The worker dies; another one starts with what the database has."""
        store = self.memory.store
        state = AreaState(self.area, self.now)
        open_incidents = {one.id for one in store.values() if isinstance(one, Incident) and one.resident()}
        resident = [one for one in store.values() if one.resident() or one.incident in open_incidents]
        state.load([*resident, Area(id=self.area)])
        self.memory = AreaMemory(state, store, self.memory.clusters, self.memory.timers, self.memory.positions)

    def _run(self, trigger: Trigger) -> list[OutputEvent]:
        now = max(self.now, self.state.now)
        self.state.now = now
        context = Context(self.area, "actual", now, self.policy, trigger)
        held = {id: loan.expires_at for id, loan in self.state.of(Loan).items() if loan.status == "held"}
        events = list(cascade(self.state, context))
        for event in events:
            evolve(self.fold, event)
            if isinstance(event, AidAnswered) and event.status == "lent":
                expires_at = held.get(event.aid)
                if expires_at is not None and now > expires_at:
                    self.late.append(event.aid)
            if isinstance(event, AidMessage):
                self.wire.send(event, self.area)
        self.memory.commit()
        self.log += events
        return events

    def add(self, resource: str, kind: str, **more: Any) -> None:
        """A resource of this city."""
        values: dict[str, Any] = {"category": "health_team", "form": "unit", "owner_department": "health", **more}
        self.tell(
            ResourceRegistered(
                area=self.area, resource=resource, kind=kind, owner_unit="U", district=self.district, **values
            )
        )

    @property
    def district(self) -> str:
        """Its only district."""
        return f"{self.area[:4]}01"

    def open(self, partner: str, **agreement: Any) -> "Side":
        """Its district, its incident, its agreement."""
        self.tell(
            DistrictRegistered(area=self.area, district=self.district, name="A", travel_minutes={self.district: 10})
        )
        incident = Incident(
            id="I1", incident="I1", place=Place(district=self.district), opened_at=self.now, occurred_at=self.now
        )
        self.memory.state.load([incident])
        self.memory.store["incident", "I1"] = incident
        self.fold.load([incident])
        values: dict[str, Any] = {"kinds": ("EMR", "ppe"), "valid_from": START - timedelta(days=1), **agreement}
        self.tell(AgreementRegistered(area=self.area, agreement=f"AG-{partner}", partner=partner, **values))
        return self

    def ask(self, kind: str, quantity: int, urgency: Any = 1) -> str:
        """A request of one line; returns its number."""
        request = f"R{next(self._requests)}"
        self.tell(
            ResourceRequested(
                area=self.area,
                request=request,
                incident="I1",
                unit="U",
                department="health",
                place=Place(district=self.district),
                lines=(RequestLine(line=1, kind=kind, quantity=quantity, urgency=urgency),),
            )
        )
        return request

    def cancel(self, request: str) -> None:
        """Nothing more is needed."""
        self.tell(RequestCancelled(area=self.area, request=request, unit="U"))

    def step(self, commitment: Commitment, step: Any, **more: Any) -> list[OutputEvent]:
        """A report about a commitment."""
        return self.tell(
            ResourceDeploymentReported(
                area=self.area,
                commitment=commitment.id,
                resource=commitment.resource,
                step=step,
                observed_at=self.now,
                **more,
            )
        )

    def open_commitments(self) -> list[Commitment]:
        """What binds somebody here."""
        return [one for one in self.state.of(Commitment).values() if one.open]

    def line(self, request: str) -> Line:
        """The only line of a request."""
        return self.fold.of(Line)[f"{request}/1"]

    def aid(self, number: int = 1) -> Aid:
        """A saga that this city began."""
        return self.fold.of(Aid)[f"{self.area}-MA{number}"]

    def loan(self, aid: str) -> Loan:
        """A saga in which this city lends."""
        return self.fold.of(Loan)[aid]

    def resource(self, id: str) -> Resource | None:
        """A catalogue entry as it stands."""
        return self.fold.get(Resource, id)


@dataclass
class Wire:
    """The clock of the world, and the messages on their way."""

    now: datetime = START
    waiting: list[tuple[str, InputEvent]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def send(self, message: OutputEvent, sender: str) -> None:
        """What is published is what the addressed city reads, byte for byte."""
        self.sent[message.TYPE] += 1
        event = INPUTS[message.TYPE].model_validate_json(message.model_dump_json())
        assert message.key(sender) == event.area
        self.waiting.append((event.area, event))


class World:
    """Both cities."""

    def __init__(self, law: Policy | None = None, *, skew_s: int = 0, **agreement: Any) -> None:
        self.wire = Wire()
        law = law or policy(QUICK)
        self.j = Side(J, self.wire, law)
        self.k = Side(K, self.wire, law, skew_s)
        self.sides = {J: self.j, K: self.k}
        self.j.open(K, **agreement)
        self.k.open(J, **agreement)

    def deliver(self, number: int = 0, *, keep: bool = False) -> None:
        """One message arrives; kept, it will arrive again."""
        to, event = self.wire.waiting[number] if keep else self.wire.waiting.pop(number)
        self.sides[to].tell(event)

    def exchange(self) -> None:
        """Everything arrives, in order."""
        while self.wire.waiting:
            self.deliver()

    def later(self, seconds: float) -> None:
        """Time passes; nobody looks at a clock."""
        self.wire.now += timedelta(seconds=seconds)

    def quiet(self, seconds: int, step_s: int = 30) -> None:
        """A network in order for so long: timers fire, everything arrives."""
        for _ in range(0, seconds, step_s):
            self.later(step_s)
            for side in self.sides.values():
                side.fire()
            self.exchange()
