"""A city and the node of its district D, each an installation of its own: what tests of autonomous mode play in."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from schemas.base import InputEvent, OutputEvent
from schemas.inputs import registers as reg
from schemas.inputs.duty import HeartbeatReceived
from schemas.inputs.nodes import (
    AutonomyBegun,
    AutonomyOver,
    CommittedThere,
    Happening,
    LinkTried,
    LogEntry,
    NodeLogSynced,
    RequestTaken,
    sealed,
)
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceRegistered
from streams.domain.allocation.entities import Commitment
from streams.domain.autonomy.log import Recorded
from streams.domain.cascade import cascade
from streams.domain.context import Context, Received, TimerFired, Trigger
from streams.domain.memory import AreaMemory
from streams.domain.state import AreaState, Entity
from streams.policy.loader import bundled
from streams.policy.model import Policy
from tests.unit.intake_world import AREA, A, D, at

NODE = "D-NODE"
UNITS: tuple[tuple[Any, ...], ...] = (
    ("P-EM", "emergency_management", "province", None, None),
    ("J-EM", "emergency_management", "city", None, "P-EM"),
    ("J-Health", "health", "city", None, None),
    ("J-120", "ems_centre", "city", None, "J-Health"),
    ("D-EM", "emergency_management", "district", D, "J-EM"),
    ("D-Health", "health", "district", D, "J-Health"),
    ("H6", "hospital", "unit", D, "D-Health"),
    ("D3", "township", "township", D, "D-EM"),
    (NODE, "node", "district", D, None),
)
TRAVEL = {A: {A: 10, D: 50}, D: {D: 10, A: 50}}


def clock(text: str) -> datetime:
    """`03:20` of the night of SC-5."""
    return at(f"2026-09-08 {text}")


BEGUN = AutonomyBegun(reason="link_down", since=clock("03:17"))
OVER = AutonomyOver(reason="link_down", until=clock("05:04"))
"""First and last entry of the night of SC-5."""


class Installation:
    """One installation's core with the memory of its database: what was let go comes back when something names it."""

    def __init__(
        self, policy: Policy | None = None, *, node: str | None = None, units: tuple[tuple[Any, ...], ...] = UNITS
    ) -> None:
        self.policy = policy or bundled()
        self.now = clock("00:00")
        self.memory = AreaMemory(AreaState(AREA, self.now))
        self.events: list[OutputEvent] = []
        self.recorded: list[Recorded] = []
        self._count = 0
        for event in registers(units):
            self.tell(event)
        if node is not None:
            self.tell(reg.NodeRegistered(area=AREA, node=node, district=D, here=True))
        for resource in resources():
            self.tell(resource)

    @property
    def state(self) -> AreaState:
        """What the installation holds in memory."""
        return self.memory.state

    def tell(self, event: InputEvent, when: str | None = None) -> list[OutputEvent]:
        """Decide an input at a time of the night, after what fell due before it."""
        if when is not None:
            self.until(clock(when))
        self._count += 1
        self.memory.recall(event.lookups())
        return self._decide(Received(event, "test", str(self._count), b""), event)

    def until(self, instant: datetime) -> list[OutputEvent]:
        """Fire what falls due before an instant."""
        found: list[OutputEvent] = []
        while (due := self.memory.next_due(instant)) is not None:
            self.now = max(self.now, due.due)
            fired = TimerFired(due.id, due.kind, due.ref, due.due, due.incident)
            self.memory.recall(fired.lookups())
            found += self._decide(fired, None)
        self.now = max(self.now, instant)
        return found

    def _decide(self, trigger: Trigger, cause: InputEvent | None) -> list[OutputEvent]:
        self.state.now = self.now
        events = list(cascade(self.state, Context(AREA, "actual", self.now, self.policy, trigger)))
        for event in events:
            assert type(event).model_validate_json(event.model_dump_json()) == event, event.TYPE
            self.recorded.append(Recorded(len(self.recorded) + 1, self.now, event, cause))
        self.memory.commit()
        self.events += events
        return events

    def stored(self, kind: type[Entity]) -> dict[str, Entity]:
        """All entities of a kind, also those that are history."""
        return {id: entity for (word, id), entity in sorted(self.memory.store.items()) if word == kind.KIND}

    def holders(self) -> dict[str, list[str]]:
        """Open commitments of every resource that has any."""
        found: dict[str, list[str]] = {}
        for commitment in self.stored(Commitment).values():
            assert isinstance(commitment, Commitment)
            if commitment.open:
                found.setdefault(commitment.resource, []).append(commitment.id)
        return found

    # ---- what often happens

    def request(self, id: str, when: str, district: str = D, **lines: int) -> list[OutputEvent]:
        """A request of health for these kinds."""
        return self.tell(
            ResourceRequested(
                area=AREA,
                request=id,
                unit="J-120",
                department="health",
                place=Place(district=district),
                lines=request_lines(lines),
            ),
            when,
        )

    def beat(self, when: str, position: int | None = None) -> list[OutputEvent]:
        """A heartbeat of the node."""
        return self.tell(
            HeartbeatReceived(
                area=AREA, unit=NODE, district=D, observed_at=clock(when), interval_s=60, log_position=position
            ),
            when,
        )

    def fall_silent(self) -> None:
        """The last heartbeat was at 03:17, and three were missed."""
        self.beat("03:17")
        self.until(clock("03:25"))

    def tried(self, when: str, outcome: Any = "failed", unit: str = "D-EM", to: str = "J-EM") -> list[OutputEvent]:
        """A try to reach the superior."""
        tried = LinkTried(area=AREA, unit=unit, to_unit=to, outcome=outcome, observed_at=clock(when))
        return self.tell(tried, when)

    def merge(self, *entries: LogEntry, when: str = "05:05", node: str = NODE) -> list[OutputEvent]:
        """A piece of the log."""
        return self.tell(NodeLogSynced(area=AREA, node=node, entries=entries), when)


def request_lines(lines: dict[str, int]) -> tuple[RequestLine, ...]:
    """Numbered lines of these kinds and quantities."""
    found = enumerate(lines.items(), start=1)
    return tuple(RequestLine(line=number, kind=kind, quantity=quantity) for number, (kind, quantity) in found)


def registers(units: tuple[tuple[Any, ...], ...]) -> Iterable[InputEvent]:
    """The city with two districts that are fifty minutes apart."""
    yield reg.AreaRegistered(area=AREA, name="J", province="990000")
    for code, minutes in TRAVEL.items():
        yield reg.DistrictRegistered(area=AREA, district=code, name=code, travel_minutes=minutes)
    for unit, kind, tier, district, superior in units:
        yield reg.UnitRegistered(
            area=AREA, unit=unit, name=unit, kind=kind, tier=tier, district=district, superior=superior
        )
    yield reg.FloorRegistered(area=AREA, kind="ambulance", floor=1)


def resources() -> Iterable[InputEvent]:
    """Three ambulances and a hospital with surge beds in D, three ambulances in A, a rescue team in each."""
    for district, name in ((A, "A"), (D, "D")):
        for number in (1, 2, 3):
            yield resource(f"AMB-{name}-{number}", "ambulance", district)
        yield resource(
            f"RT-{name}", "rescue_team", district, category="rescue_team", owner_department="emergency_management"
        )
    yield resource("H6-ICU", "icu_bed", D, form="beds", quantity=2, category="bed", owner_unit="H6")
    yield resource("H6-SURGE", "icu_bed", D, form="beds", quantity=4, category="bed", owner_unit="H6", tier=2)


def resource(id: str, kind: str, district: str, **more: Any) -> ResourceRegistered:
    """A catalogue entry."""
    told = {"category": "ambulance", "form": "unit", "owner_unit": "J-120", "owner_department": "health", **more}
    return ResourceRegistered.model_validate({"area": AREA, "resource": id, "kind": kind, "district": district, **told})


def log(*happenings: Happening, node: str = NODE, since: str = "03:30") -> list[LogEntry]:
    """Happenings, a minute apart, as the node's sealed and chained log."""
    entries: list[LogEntry] = []
    for number, what in enumerate(happenings, start=1):
        before = entries[-1] if entries else None
        entry = LogEntry(
            sequence=number * 3,
            previous=before.sequence if before else None,
            previous_digest=before.digest if before else None,
            logged_at=clock(since) + timedelta(minutes=number),
            entry=what,
        )
        entries.append(sealed(node, entry))
    return entries


def asked(id: str, **lines: int) -> RequestTaken:
    """The node took a request."""
    return RequestTaken(
        request=id, unit="D-Health", department="health", place=Place(district=D), lines=request_lines(lines)
    )


def gave(commitment: str, resource: str, quantity: int = 1) -> CommittedThere:
    """The node committed a resource."""
    request, line, _ = commitment.split("/")
    return CommittedThere(commitment=commitment, request=request, line=int(line), resource=resource, quantity=quantity)
