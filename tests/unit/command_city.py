"""City J with its office holders: tests command it by signed directives, through the whole cascade."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from schemas.base import Event, InputEvent, OutputEvent
from schemas.inputs import registers as reg
from schemas.inputs.directives import DirectiveIssued
from schemas.inputs.reports import IncidentReported, Place
from streams.domain.cascade import cascade, evolve
from streams.domain.context import Context, Received, TimerFired
from streams.domain.core import Incident
from streams.domain.directives.entities import Proposal
from streams.domain.directives.proposals import pending
from streams.domain.directives.signing import KeyPair, key_from_seed, sign
from streams.domain.escalation.entities import Command, Response
from streams.domain.memory import AreaMemory
from streams.domain.state import AreaState
from streams.policy.loader import bundled
from streams.policy.model import Policy

AREA, REALM = "990100", "exercise.test"
A, B, C, D, E = (f"99010{number}" for number in range(1, 6))
SHANGHAI = ZoneInfo("Asia/Shanghai")
T = TypeVar("T", bound=Event)
NOTICE = {"matter": "处置", "expected_until": "2027-12-31T00:00:00+08:00", "measures": ["救治"]}
OFFICES: dict[str, tuple[str, ...]] = {
    "premier": ("national_government",),
    "governor": ("province_government",),
    "mayor": ("city_government",),
    "commander": ("commander_in_chief",),
    "deputy": ("deputy_commander",),
    "hq": ("hq_office",),
    "convener-h": ("convener_health",),
    "convener-em": ("convener_em",),
    "cdc": ("cdc",),
    "expert": ("expert_lead",),
    "dispatcher-120": ("dispatcher_120",),
    "dispatcher-em": ("dispatcher_em",),
}


def at(text: str) -> datetime:
    """`2026-03-10 09:20` in Asia/Shanghai, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def of(kind: type[T], events: Iterable[OutputEvent]) -> list[T]:
    """The events of one class."""
    return [event for event in events if isinstance(event, kind)]


class City:
    """The area, its clock, and everything that was decided.

    Decisions are made on a working state that lets go of history between them, as a worker's does; `state` is the
    complete fold of the events, and what a database would hold must be equal to it.
    """

    def __init__(self, policy: Policy | None = None, start: str = "2026-03-10 09:00", area: str = AREA) -> None:
        self.area = area
        self.policy = policy or bundled()
        self.now = at(start)
        self.memory = AreaMemory(AreaState(area, self.now))
        self.state = AreaState(area, self.now)
        self.events: list[OutputEvent] = []
        self.last: list[OutputEvent] = []
        self.count = 0
        self.tell(reg.AreaRegistered(area=area, name="J", province="990000"))
        for number in range(1, 6):
            district = f"{area[:4]}0{number}"
            entry = reg.DistrictRegistered(area=area, district=district, name=district, urban=number in {1, 3})
            self.tell(entry)
            self.tell(_unit(area, f"gov-{number}", "government", "district", district))
            self.person(f"head-{number}", "district_government", unit=f"gov-{number}", district=district)
        for unit in ("j-health", "j-em"):
            kind = "health" if unit == "j-health" else "emergency_management"
            self.tell(_unit(area, unit, kind, "city", member=True))
        for person, offices in OFFICES.items():
            self.person(person, *offices)

    def person(self, person: str, *offices: str, unit: str = "gov", **fields: Any) -> None:
        """Register an office holder with the key that `key_of` gives."""
        fields.setdefault("keys", (public(key_of(person)),))
        fields.setdefault("valid_from", at("2020-01-01 00:00"))
        self.tell(reg.PersonRegistered(area=self.area, person=person, unit=unit, offices=offices, **fields))

    def tell(self, event: InputEvent, value: bytes = b"", signature: str | None = None) -> list[OutputEvent]:
        """Decide an input at the city's instant."""
        self.count += 1
        self.memory.recall(event.lookups())
        trigger = Received(event, "test", str(self.count), value, signature)
        return self._run(Context(self.area, REALM, self.now, self.policy, trigger))

    def order(self, person: str, action: str, *, office: str | None = None, **fields: Any) -> list[OutputEvent]:
        """A directive, signed by the person with the person's key; `claims` and `key` override."""
        claims = fields.pop("claims", {})
        key: KeyPair = fields.pop("key", None) or key_of(person)
        value = self.claims(person, office or OFFICES.get(person, ("district_government",))[0], action, fields, claims)
        return self.send(value, sign(value, key))

    def claims(self, person: str, office: str, action: str, fields: dict[str, Any], claims: dict[str, Any]) -> bytes:
        """The bytes of a directive."""
        self.count += 1
        said = {
            "area": self.area,
            "directive": f"d{self.count}",
            "realm": REALM,
            "issuer": person,
            "office": office,
            "issued_at": self.now.isoformat(),
            "expires_at": (self.now + timedelta(hours=1)).isoformat(),
            "command": {"action": action, **fields},
        }
        return json.dumps({**said, **claims}, ensure_ascii=False).encode()

    def send(self, value: bytes, signature: str | None) -> list[OutputEvent]:
        """A directive as bytes with its signature."""
        return self.tell(DirectiveIssued.model_validate_json(value), value, signature)

    def report(
        self, kinds: Iterable[str] = ("work_safety_accident", "mass_casualty"), district: str = B, **fields: Any
    ) -> list[OutputEvent]:
        """A verified report as of now; `id` is its external id, everything unknown to a report is a figure."""
        known = {name: fields.pop(name) for name in tuple(fields) if name in IncidentReported.model_fields}
        said: dict[str, Any] = {
            "external_id": fields.pop("id", "X1"),
            "source": "cad",
            "channel": "cad",
            "reporter_unit": "plant",
            "hazard_kinds": tuple(kinds),
            "place": Place(district=district),
            "occurred_at": self.now,
            "received_at": self.now,
            "as_of": self.now,
            "verification": "verified",
            "figures": fields,
        }
        return self.tell(IncidentReported(area=self.area, **{**said, **known}))

    def until(self, text: str) -> list[OutputEvent]:
        """Move the clock, firing what falls due before it, in order; the events of all that."""
        target, seen = at(text), len(self.events)
        while True:
            due = self.memory.next_due(target)
            if due is None:
                break
            self.now = max(self.now, due.due)
            trigger = TimerFired(due.id, due.kind, due.ref, due.due, due.incident)
            self.memory.recall(trigger.lookups())
            self._run(Context(self.area, REALM, self.now, self.policy, trigger))
        self.now = target
        return self.events[seen:]

    def _run(self, context: Context) -> list[OutputEvent]:
        self.last = list(cascade(self.memory.state, context))
        for event in self.last:
            evolve(self.state, event)
        self.memory.commit()
        folded = {key: entity for key, entity in self.state.changed() if entity is not None}
        assert self.memory.store == folded
        self.events += self.last
        return self.last

    def refusal(self) -> str | None:
        """Code of the refusal in the last cascade."""
        codes = [event.code for event in self.last if event.TYPE == "command.refused.v1"]  # type: ignore[attr-defined]
        return codes[0] if codes else None

    def incident(self, ref: str = "cad|X1") -> Incident:
        """The incident of a report."""
        return self.state.of(Incident)[self.state.tables("external_ref")[ref].incident or ""]

    def responses(self) -> dict[str, int]:
        """Zone -> level of what runs."""
        return {item.zone: item.level for item in self.state.of(Response).values() if item.running()}

    def command(self, ref: str = "cad|X1") -> Command:
        """How the incident of a report is commanded."""
        return self.state.of(Command)[self.incident(ref).id]

    def waiting(self) -> list[tuple[str, str, int | None]]:
        """(kind, rule, level) of everything that waits for somebody."""
        return [(proposal.kind, proposal.rule, proposal.level) for proposal in pending(self.state)]

    def proposal(self, rule: str) -> Proposal:
        """The newest proposal of a rule."""
        return [proposal for proposal in self.state.of(Proposal).values() if proposal.rule == rule][-1]


def key_of(person: str) -> KeyPair:
    """The key pair of a person of the fixture."""
    return key_from_seed(f"test:{person}", f"{person}-1")


def public(key: KeyPair, **fields: Any) -> reg.SigningKey:
    """The register's entry of a key."""
    return reg.SigningKey(kid=key.kid, x=key.x, **fields)


def _unit(
    area: str, unit: str, kind: Any, tier: Any, district: str | None = None, *, member: bool = False
) -> reg.UnitRegistered:
    return reg.UnitRegistered(
        area=area, unit=unit, name=unit, kind=kind, tier=tier, district=district, member_unit=member
    )
