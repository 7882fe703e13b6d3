"""area.events: what an area has taken in besides incidents: registers, policy, clock, directives, faults.

An addition to design.md's table: with it the output topics alone are a complete fold of the state.
"""

from typing import Any, ClassVar, Literal

from schemas.base import AreaCode, Department, DistrictCode, Id, OutputEvent, Text, Utc
from schemas.inputs import registers as reg
from schemas.inputs.directives import Action
from schemas.topics import AREA_EVENTS


class AreaOpened(OutputEvent):
    """A commanding city came under Liandong, judged by this policy version."""

    TYPE: ClassVar[str] = "area.opened.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    area: AreaCode
    name: Text
    timezone: str
    province: str | None
    policy_version: str


class PolicyTaken(OutputEvent):
    """Decisions of this area follow this policy version from here on."""

    TYPE: ClassVar[str] = "area.policy_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    version: str
    previous: str


class DistrictTaken(OutputEvent):
    """Register of districts."""

    TYPE: ClassVar[str] = "register.district_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: reg.DistrictRegistered

    def subject(self) -> str:
        return self.entry.district


class UnitTaken(OutputEvent):
    """Register of units."""

    TYPE: ClassVar[str] = "register.unit_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: reg.UnitRegistered

    def subject(self) -> str:
        return self.entry.unit


class PersonTaken(OutputEvent):
    """Authority register."""

    TYPE: ClassVar[str] = "register.person_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: reg.PersonRegistered

    def subject(self) -> str:
        return self.entry.person


class AgreementTaken(OutputEvent):
    """Register of mutual-aid agreements."""

    TYPE: ClassVar[str] = "register.agreement_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: reg.AgreementRegistered

    def subject(self) -> str:
        return self.entry.agreement


class ClockMoved(OutputEvent):
    """Virtual time of an exercise realm has moved."""

    TYPE: ClassVar[str] = "area.clock_moved.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    to: Utc


class DirectiveAccepted(OutputEvent):
    """Signature, realm, expiry and authority of a directive are in order; concerns now act on its command.

    They may still refuse it by their own rules, with `CommandRefused`.
    """

    TYPE: ClassVar[str] = "directive.accepted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    directive: Id
    issuer: Id
    office: Id
    issued_at: Utc
    legal_basis: Text
    command: Action
    authority_rule: str
    """Id of the authority-matrix entry that gives this office the power."""
    trades: tuple[Department, ...] = ()
    """Departments whose resources this office may dispose of; empty: all."""
    district: DistrictCode | None = None
    """The issuer's own district, where the issuer is a district's."""
    delegated_by: Id | None = None
    """Who delegated the power, where it is exercised by delegation."""

    def subject(self) -> str:
        return self.directive


class RecordQuarantined(OutputEvent):
    """A record or timer made a decision fail; it is kept as a fault, the area is degraded, the stream went on."""

    TYPE: ClassVar[str] = "area.record_quarantined.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    fault: Id
    origin: dict[str, Any]
    error: Text

    def subject(self) -> str:
        return self.fault


class TimerQuarantined(OutputEvent):
    """A timer made its decision fail: it is dropped as a fault, the area is degraded."""

    TYPE: ClassVar[str] = "area.timer_quarantined.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    timer: str
    kind: str
    due: Utc
    error: Text

    def subject(self) -> str:
        return self.timer


class FaultResolved(OutputEvent):
    """A quarantined record or timer was redriven or dismissed; without open faults the area is no longer degraded."""

    TYPE: ClassVar[str] = "area.fault_resolved.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    fault: Text
    outcome: Literal["redriven", "dismissed"]
    by: Text
    reason: Text = ""

    def subject(self) -> str:
        return self.fault


class IdentityConflicted(OutputEvent):
    """Same source and id as an accepted record, other content: kept, alarmed, without effect (`id_conflict`)."""

    TYPE: ClassVar[str] = "area.id_conflicted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    source: Text
    id: Text
    first_digest: str
    other_digest: str


class InputNoted(OutputEvent):
    """An accepted input from which nothing followed: every accepted input has at least one event."""

    TYPE: ClassVar[str] = "area.input_noted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    type: str


class InputUnreadable(OutputEvent):
    """A record of a life-critical topic was dead-lettered: the duty room is told, somebody must ask back."""

    TYPE: ClassVar[str] = "area.input_unreadable.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    topic: str
    partition: int
    offset: int
    code: str
    path: Text
