"""A small area to decide in: its fixture, and how tests play inputs through the cascade."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from schemas.base import Event, InputEvent, OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs import registers as reg
from schemas.inputs.reports import IncidentReported, Place
from schemas.outputs.area_events import DirectiveAccepted
from streams.domain.cascade import cascade
from streams.domain.context import Context, Happened, Received
from streams.domain.core import Incident
from streams.domain.directives.refs import resolve_incident
from streams.domain.state import AreaState
from streams.policy.loader import bundled
from streams.policy.model import Policy

AREA = "990100"
A, B, C, D, E = (f"99010{n}" for n in range(1, 6))
"""Districts of the fixture (domain.md 3.0): A urban core, B chemical park, C riverside urban, D mountain, E rural."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
T = TypeVar("T", bound=Event)


def at(text: str) -> datetime:
    """`2026-03-10 09:20` in Asia/Shanghai, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


START = at("2026-03-10 09:00")


class World:
    """An area of the fixture and everything that was decided in it."""

    def __init__(self, policy: Policy | None = None, area: str = AREA) -> None:
        self.policy = policy or bundled()
        self.state = AreaState(area, START)
        self.events: list[OutputEvent] = []
        self.now = at("2020-01-01 00:00")
        self.count = 0
        self.tell(reg.AreaRegistered(area=area, name="J"))
        for number, name in enumerate("ABCDE", start=1):
            district = f"{area[:4]}0{number}"
            self.tell(reg.DistrictRegistered(area=area, district=district, name=name, urban=name in "AC"))

    def tell(self, event: InputEvent, now: datetime | None = None) -> list[OutputEvent]:
        """Decide an input; the events that follow from it."""
        self.count += 1
        self.now = max(self.now, now or self.now)
        context = Context(
            self.state.area, "actual", self.now, self.policy, Received(event, "test", str(self.count), b"")
        )
        return self._run(context)

    def accept(
        self, command: cmd.Action, now: datetime | None = None, office: str = "cdc", legal_basis: str = ""
    ) -> list[OutputEvent]:
        """Decide an accepted directive: signature and authority are other tests' matter."""
        self.count += 1
        self.now = max(self.now, now or self.now)
        about = resolve_incident(self.state, getattr(command, "incident", None))
        event = DirectiveAccepted(
            incident=about.id if about is not None else None,
            directive=f"d{self.count}",
            issuer="p-1",
            office=office,
            issued_at=self.now,
            legal_basis=legal_basis,
            command=command,
            authority_rule="AM-test",
        )
        context = Context(self.state.area, "actual", self.now, self.policy, Happened(event, f"d{self.count}"))
        return self._run(context)

    def _run(self, context: Context) -> list[OutputEvent]:
        events = list(cascade(self.state, context))
        for event in events:
            again = type(event).model_validate_json(event.model_dump_json())
            assert again == event, event.TYPE
            assert list(again.__dict__) == list(event.__dict__), event.TYPE
        for _, entity in self.state.changed():
            assert entity is None or type(entity).model_validate_json(entity.model_dump_json()) == entity, entity.KIND
        self.state.settle()
        self.events += events
        return events

    @property
    def incident(self) -> Incident:
        """The only open incident."""
        (incident,) = [i for i in self.state.of(Incident).values() if i.status == "open"]
        return incident


def of(kind: type[T], events: Iterable[OutputEvent]) -> list[T]:
    """The events of one class."""
    return [event for event in events if isinstance(event, kind)]


def report(when: datetime, kinds: Iterable[str], **fields: Any) -> IncidentReported:
    """A report of the figures as of `when`."""
    defaults: dict[str, Any] = {
        "area": AREA,
        "external_id": "X1",
        "source": "cad-b",
        "channel": "cad",
        "reporter_unit": "u-1",
        "hazard_kinds": tuple(kinds),
        "place": Place(district=fields.pop("district", B)),
        "occurred_at": when,
        "as_of": when,
        "received_at": when,
        "verification": "verified",
    }
    return IncidentReported(**{**defaults, **fields})


def play(
    world: World, *steps: tuple[datetime, dict[str, Any]], kinds: Any = ("work_safety_accident",), **more: Any
) -> None:
    """Reports of one sender about one incident that occurred at the first step."""
    for when, figures in steps:
        fields = {"occurred_at": steps[0][0], **more}
        world.tell(report(when, kinds, figures=figures, **fields), max(when, world.now))
