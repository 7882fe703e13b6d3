"""City J with its units, for tests of obligations, notices and duty: who is who, and a clock that fires timers."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from schemas.base import OutputEvent
from schemas.inputs import directives as cmd
from schemas.inputs import registers as reg
from schemas.inputs.reports import UpwardReportNoticed
from schemas.outputs import obligation_events as out
from schemas.outputs.notification_events import NoticeQueued
from streams.domain.context import Context, Happened, Received, TimerFired
from streams.domain.core import Area, District, Timer, Unit
from streams.domain.obligations.entities import Obligation
from streams.domain.state import AreaState, Entity
from streams.policy.loader import bundled, bundled_documents, load
from streams.policy.model import Policy
from tests.unit.intake_world import AREA, A, B, C, D, E, World, at, of, report

DAY = "2026-03-10"
UNITS: tuple[tuple[str, str, str, str | None, str | None], ...] = (
    ("N-EM", "ministry", "nation", None, None),
    ("N-Health", "ministry", "nation", None, None),
    ("P-GOV", "government", "province", None, None),
    ("P-EM", "emergency_management", "province", None, "N-EM"),
    ("P-Health", "health", "province", None, "N-Health"),
    ("J-GOV", "government", "city", None, "P-GOV"),
    ("J-EM", "emergency_management", "city", None, "P-EM"),
    ("J-Health", "health", "city", None, "P-Health"),
    ("J-HQ", "hq_office", "city", None, "J-GOV"),
    ("J-120", "ems_centre", "city", None, "J-Health"),
    ("J-CDC", "cdc", "city", None, "J-Health"),
    ("J-MARKET", "market_regulation", "city", None, "J-GOV"),
    ("J-EDU", "education", "city", None, "J-GOV"),
    ("GARRISON", "garrison", "city", None, None),
    *(
        unit
        for name, code in (("B", B), ("E", E))
        for unit in (
            (f"{name}-GOV", "government", "district", code, "J-GOV"),
            (f"{name}-EM", "emergency_management", "district", code, "J-EM"),
            (f"{name}-Health", "health", "district", code, "J-Health"),
            (f"{name}-PS", "public_security", "district", code, None),
            (f"{name}-LABOUR", "labour", "district", code, None),
            (f"{name}-UNION", "trade_union", "district", code, None),
            (f"{name}-PROC", "procuratorate", "district", code, None),
        )
    ),
    ("PLANT", "enterprise", "unit", B, None),
    ("H3", "hospital", "unit", B, "B-Health"),
    ("H5", "hospital", "unit", E, "E-Health"),
)
"""Unit, kind, tier, district, superior."""
MEMBERS = frozenset({"J-EM", "J-Health", "J-MARKET", "J-EDU"})


def policy_with(file: str, old: str, new: str) -> Policy:
    """The bundled policy with one change in one document."""
    documents = bundled_documents()
    assert old in documents[file]
    return load({**documents, file: documents[file].replace(old, new)})


def hour(clock: str, day: str = DAY) -> datetime:
    """`09:20` on the day of the test, as UTC."""
    return at(f"{day} {clock}")


@cache
def registered(version: str, units: tuple[tuple[Any, ...], ...]) -> tuple[Entity, ...]:
    """What the registers of the area hold."""
    area = Area(id=AREA, name="J", province="990000", policy_version=version)
    districts = (
        District(id=code, entry=reg.DistrictRegistered(area=AREA, district=code, name=name, urban=name in "AC"))
        for name, code in zip("ABCDE", (A, B, C, D, E), strict=True)
    )
    entries = (
        reg.UnitRegistered(
            area=AREA,
            unit=unit,
            name=unit,
            kind=kind,
            tier=tier,
            district=district,
            superior=superior,
            sector_regulator="B-EM" if unit == "PLANT" else None,
            member_unit=unit in MEMBERS,
        )
        for unit, kind, tier, district, superior in units
    )
    return (area, *districts, *(Unit(id=entry.unit, entry=entry) for entry in entries))


class Remembering(AreaState):
    """A state with the memory that the store is: what was evicted comes back when an input names it."""

    def __init__(self, area: str, now: datetime) -> None:
        super().__init__(area, now)
        self.stored: dict[tuple[str, str], Entity | None] = {}

    def settle(self) -> None:
        self.stored.update(self.changed())
        super().settle()

    def recall(self, wanted: Iterable[tuple[str, str]]) -> None:
        self.load(entity for key in wanted if (entity := self.stored.get(key)) is not None)


class City(World):
    """The area with its units."""

    state: Remembering

    def __init__(self, policy: Policy | None = None, units: Iterable[tuple[Any, ...]] = UNITS) -> None:
        self.policy = policy or bundled()
        self.state = Remembering(AREA, hour("00:00"))
        self.state.load(registered(self.policy.version, tuple(units)))
        self.events = []
        self.now = at("2020-01-01 00:00")
        self.count = 0

    def _run(self, context: Context) -> list[OutputEvent]:
        if isinstance(context.trigger, Received):
            self.state.recall(context.trigger.event.lookups())
        return super()._run(context)

    def reported(self, clock: str, kinds: Iterable[str], **fields: Any) -> list[OutputEvent]:
        """A report at a time of the day, after what fell due before it."""
        when = fields.pop("when", None) or hour(clock)
        self.until(when)
        fields = {"received_at": when if "received_by" in fields else None, "verification": "unverified", **fields}
        return self.tell(report(when, kinds, **fields), when)

    def upward(self, clock: str, sender: str, *to: str, **fields: Any) -> list[OutputEvent]:
        """A notice of a report upward that was made outside Liandong."""
        when = fields.pop("when", None) or hour(clock)
        self.until(when)
        incident = {} if {"external_id", "incident"} & fields.keys() else {"incident": self.incident.id}
        notice = {"source": "cad-b", "from_unit": sender, "to_units": to, "reported_at": when, **incident, **fields}
        return self.tell(UpwardReportNoticed(area=AREA, **notice), when)

    def reports_upward(self, clock: str, sender: str, *to: str, **fields: Any) -> list[OutputEvent]:
        """The directive to report upward."""
        when = fields.pop("when", None) or hour(clock)
        self.until(when)
        department = "health" if "Health" in sender else "emergency_management"
        incident = fields.pop("incident", None) or self.incident.id
        command = cmd.ReportUpward(incident=incident, from_unit=sender, to_units=to, department=department, **fields)
        return self.accept(command, when)

    def happen(self, clock: str, event: OutputEvent) -> list[OutputEvent]:
        """Something that another concern decided."""
        when = hour(clock)
        self.until(when)
        self.now = max(self.now, when)
        self.count += 1
        return self._run(Context(AREA, "actual", self.now, self.policy, Happened(event, f"h{self.count}")))

    def until(self, instant: datetime) -> list[OutputEvent]:
        """Fire what falls due before an instant, in due order."""
        found: list[OutputEvent] = []
        while due := [timer for timer in self.state.of(Timer).values() if timer.due < instant]:
            first = min(due, key=lambda timer: (timer.due, timer.id))
            self.now = max(self.now, first.due)
            trigger = TimerFired(first.id, first.kind, first.ref, first.due, first.incident)
            found += self._run(Context(AREA, "actual", instant, self.policy, trigger))
        self.now = max(self.now, instant)
        return found

    def obligation(self, rule: str, debtor: str, label: str = "", series: str | None = None) -> Obligation:
        """The only obligation of a rule and debtor."""
        (found,) = self.obligations(rule, debtor, label, series)
        return found

    def obligations(
        self, rule: str, debtor: str | None = None, label: str = "", series: str | None = None
    ) -> list[Obligation]:
        """Obligations of a rule."""
        return [
            one
            for one in self.state.of(Obligation).values()
            if one.rule == rule and debtor in {None, one.debtor} and one.label == label and series in {None, one.series}
        ]

    def breaches(self, rule: str) -> list[out.ObligationBreached]:
        """Every breach of a rule so far."""
        return [event for event in of(out.ObligationBreached, self.events) if event.rule == rule]


def channels(events: Iterable[OutputEvent], to_unit: str, rule: str | None = None) -> set[str]:
    """Channels on which notices to a unit were queued."""
    return {
        event.channel for event in of(NoticeQueued, events) if event.to_unit == to_unit and rule in {None, event.rule}
    }
