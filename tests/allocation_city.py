"""City J of domain.md 3.0 as input events through the cascade, and a hand that sends more of them."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from schemas.base import Department, InputEvent, OutputEvent, Severity
from schemas.inputs.directives import Action
from schemas.inputs.registers import DistrictRegistered, FloorRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import RequestLine, ResourceRequested
from schemas.inputs.resources import ResourceDeploymentReported, ResourceRegistered
from schemas.outputs.allocation_events import LineDecided, ResourceCommitted
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.allocation.entities import Line, Resource
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened, Received, TimerFired, Trigger
from streams.domain.core import Area, Incident, Timer
from streams.domain.state import AreaState
from streams.policy.allocation import Allocation, load
from streams.policy.model import Policy

AREA = "990100"
CODES = {"A": "990101", "B": "990102", "C": "990103", "D": "990104", "E": "990105"}
MINUTES = {
    "AB": 25, "AC": 20, "AD": 50, "AE": 60, "BC": 35, "BD": 70, "BE": 45, "CD": 60, "CE": 40, "DE": 80,
}  # fmt: skip
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
POLICY_TEXT = Path("streams/policy/allocation.yaml").read_text(encoding="utf-8")


@cache
def policy(text: str = POLICY_TEXT) -> Policy:
    """The policy with this allocation section and nothing else."""
    return Policy(version="test", allocation=load({"allocation.yaml": text}))


def policy_with(allocation: Allocation) -> Policy:
    return Policy(version="test", allocation=allocation)


class City:
    """One area, decided by hand: every call returns the events that followed."""

    def __init__(self, law: Policy | None = None, now: datetime = NOON) -> None:
        self.policy = law or policy()
        self.state = AreaState(AREA, now)
        self.state.load([Area(id=AREA, province="990000")])
        self.now = now
        self.log: list[OutputEvent] = []
        self._ids = count(1)

    def at(self, clock: str) -> "City":
        """Move to a time of day (Asia/Shanghai) of the day; timers that fell due before it fire."""
        hour, minute = (int(part) for part in clock.split(":"))
        local = self.now + timedelta(hours=8)
        return self.until(local.replace(hour=hour, minute=minute, second=0) - timedelta(hours=8))

    def later(self, **span: float) -> "City":
        return self.until(self.now + timedelta(**span))

    def until(self, instant: datetime) -> "City":
        while True:
            due = [timer for timer in self.state.of(Timer).values() if timer.due < instant]
            if not due:
                break
            first = min(due, key=lambda timer: (timer.due, timer.id))
            self.now = max(self.now, first.due)
            self._run(TimerFired(first.id, first.kind, first.ref, first.due, first.incident))
        self.now = instant
        return self

    def send(self, event: InputEvent) -> list[OutputEvent]:
        return self._run(Received(event, "test", str(next(self._ids)), b""))

    def happen(self, event: OutputEvent) -> list[OutputEvent]:
        return self._run(Happened(event, str(next(self._ids))))

    def order(
        self,
        command: Action,
        office: str = "city_government",
        trades: tuple[Department, ...] = (),
        legal_basis: str = "",
    ) -> list[OutputEvent]:
        """A directive whose signature and authority are in order; `trades` is what its grant is limited to."""
        number = next(self._ids)
        return self.happen(
            DirectiveAccepted(
                directive=f"D{number}",
                issuer="mayor",
                office=office,
                issued_at=self.now,
                legal_basis=legal_basis,
                command=command,
                authority_rule="AM",
                trades=trades,
            )
        )

    def watch(self, event: OutputEvent) -> None:
        """Look at an event in the instant in which it was applied; a test's own city may."""

    def _run(self, trigger: Trigger) -> list[OutputEvent]:
        self.state.now = self.now
        events = []
        for event in cascade(self.state, Context(AREA, "actual", self.now, self.policy, trigger)):
            events.append(event)
            self.watch(event)
        self.state.settle()
        self.log += events
        return events

    def incident(self, id: str = "I1", district: str = "B", composite: Severity | None = None) -> str:
        self.state.load(
            [
                Incident(
                    id=id,
                    incident=id,
                    place=Place(district=CODES[district]),
                    opened_at=self.now,
                    occurred_at=self.now,
                    composite=composite,
                )
            ]
        )
        return id

    def ask(
        self,
        request: str,
        lines: Iterable[dict[str, Any]],
        *,
        department: str = "health",
        district: str = "B",
        incident: str | None = "I1",
        unit: str = "U",
        **more: Any,
    ) -> list[OutputEvent]:
        return self.send(
            ResourceRequested(
                area=AREA,
                request=request,
                incident=incident,
                unit=unit,
                department=department,  # type: ignore[arg-type]
                place=more.pop("place", Place(district=CODES[district])),
                lines=tuple(RequestLine(line=number, **line) for number, line in enumerate(lines, start=1)),
                **more,
            )
        )

    def add(self, resource: str, kind: str, district: str, **more: Any) -> list[OutputEvent]:
        values: dict[str, Any] = {
            "category": "health_team",
            "form": "unit",
            "owner_unit": f"owner-of-{resource}",
            "owner_department": "health",
        }
        return self.send(
            ResourceRegistered(area=AREA, resource=resource, kind=kind, district=CODES[district], **{**values, **more})
        )

    def step(self, resource: str, step: str, **more: Any) -> list[OutputEvent]:
        return self.send(
            ResourceDeploymentReported(
                area=AREA,
                resource=resource,
                step=step,
                observed_at=self.now,
                **more,  # type: ignore[arg-type]
            )
        )

    def taken(self, kind: str) -> Counter[str]:
        """Quantity committed so far by resource."""
        found: Counter[str] = Counter()
        for event in self.log:
            if isinstance(event, ResourceCommitted) and event.kind == kind:
                found[event.resource] += event.quantity
        return found

    def taken_from(self, kind: str) -> dict[str, int]:
        """Quantity committed so far by district letter."""
        letters = {code: letter for letter, code in CODES.items()}
        found: Counter[str] = Counter()
        for event in self.log:
            if isinstance(event, ResourceCommitted) and event.kind == kind:
                found[letters[event.district]] += event.quantity
        return dict(found)

    def decisions(self, request: str, line: int = 1) -> list[LineDecided]:
        return [e for e in self.log if isinstance(e, LineDecided) and (e.request, e.line) == (request, line)]

    def line(self, id: str) -> Line:
        return self.state.of(Line)[id]

    def resource(self, id: str) -> Resource:
        return self.state.of(Resource)[id]


def city_j(law: Policy | None = None, now: datetime = NOON) -> City:
    """The shared fixture of the scenarios."""
    city = City(law, now)
    for letter, code in CODES.items():
        pairs = {pair: minutes for pair, minutes in MINUTES.items() if letter in pair}
        table = {CODES[pair.replace(letter, "")]: minutes for pair, minutes in pairs.items()}
        city.send(DistrictRegistered(area=AREA, district=code, name=letter, urban=letter in "AC", travel_minutes=table))
    city.send(FloorRegistered(area=AREA, kind="ambulance", floor=2))
    for letter, number in {"A": 12, "B": 5, "C": 6, "D": 3, "E": 4}.items():
        for n in range(1, number + 1):
            city.add(f"AMB-{letter}-{n:02}", "ambulance", letter, category="ambulance")
    for kind, number in {"EMR": 2, "EPI": 2, "TOX": 1, "PSY": 1}.items():
        for n in range(1, number + 1):
            city.add(f"HT-CITY-{kind}-{n}", kind, "A", reserve_group="HT-CITY")
    for letter, kinds in {"B": "EMR TOX", "C": "EMR EPI", "D": "EMR PSY", "E": "EMR EPI"}.items():
        for kind in kinds.split():
            city.add(f"HT-{letter}-{kind}", kind, letter, capabilities=("mountain",) if letter == "D" else ())
    em = {"category": "rescue_team", "owner_department": "emergency_management"}
    for name, district, capabilities in (
        ("RT-CITY", "A", ()),
        ("RT-B", "B", ("hazmat",)),
        ("RT-D", "D", ("mountain",)),
    ):
        city.add(name, "rescue_team", district, capabilities=capabilities, **em)
    beds = {"H1": ("A", 6, ("infectious",)), "H2": ("A", 8, ("trauma", "burns")), "H3": ("B", 2, ())}
    beds |= {"H4": ("C", 2, ()), "H5": ("E", 1, ()), "H6": ("D", 1, ())}
    for name, (district, free, capabilities) in beds.items():
        city.add(name, "icu_bed", district, category="bed", form="beds", quantity=free, capabilities=capabilities)
    _depots(city)
    return city


def _depots(city: City) -> None:
    stocks = {
        "DP-A": ("A", "health", {"ppe": (5000, 2000), "disinfectant": (3000, 1000), "water_tablets": (50_000, 10_000)}),
        "DP-B": ("B", "emergency_management", {"ppe": (800, 400), "disinfectant": (500, 200)}),
        "DP-C": ("C", "health", {"ppe": (1000, 500), "disinfectant": (800, 300), "water_tablets": (8000, 2000)}),
    }
    for depot, (district, department, kinds) in stocks.items():
        for kind, (quantity, floor) in kinds.items():
            city.add(
                f"{depot}-{kind}", kind, district, category="medical_supply", form="stock", quantity=quantity,
                floor=floor, owner_department=department,
            )  # fmt: skip
    for name, district, places in (("SH-C1", "C", 1500), ("SH-C2", "C", 1500), ("SH-A1", "A", 2500)):
        city.add(
            name, "shelter", district, category="shelter", form="capacity", quantity=places,
            owner_department="emergency_management",
        )  # fmt: skip
