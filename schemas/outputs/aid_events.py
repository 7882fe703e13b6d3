"""Mutual aid between areas (MA-1): the saga's messages on `mutual.aid`, and what they mean for the borrower's lines.

Only the home area commits a resource. The borrower asks, the home holds with an expiry of its own clock, the borrower
confirms, the home lends, the borrower gives back. Whoever waits says the same again after a while; whoever is asked
about something that is settled says how it was settled.
"""

from typing import ClassVar, Literal

from schemas.base import AreaCode, Department, Id, OutputEvent, Text, Utc
from schemas.inputs.aid import AidItem, AidStatus, BackItem
from schemas.inputs.reports import Place
from schemas.inputs.requests import Urgency
from schemas.inputs.resources import ResourceRegistered
from schemas.topics import MUTUAL_AID, RESOURCE_ALLOCATIONS

AidOutcome = Literal[
    "declined", "lapsed", "returned", "cancelled", "unanswered", "unacknowledged", "withdrawn",
]  # fmt: skip
"""How a saga ended for the borrower."""


class AidMessage(OutputEvent):
    """What one city tells another; `incident` is the sender's, where it has one."""

    area: AreaCode
    """The city that is addressed."""
    from_area: AreaCode
    aid: Id
    at: Utc

    def subject(self) -> str:
        return self.aid

    def key(self, area: str) -> str:
        return self.area or area


class AidRequested(AidMessage):
    """Borrower to home: this much of that kind, under this agreement."""

    TYPE: ClassVar[str] = "aid.requested.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    agreement: Id
    request: Id
    line: int
    """The borrower's line that is short."""
    kind: Id
    quantity: int
    requires: tuple[Id, ...] = ()
    minimum_type: int | None = None
    urgency: Urgency
    department: Department
    destination: Place
    decided_by: tuple[Id, ...] = ()
    """Persons who confirmed the proposal; empty where an authorisation or a standing order covers it (AL-1)."""
    authorisation: Id | None = None
    reason: Text = ""
    again_at: Utc
    """When the borrower asks again if nobody has answered."""
    until: Utc
    """How long it goes on asking."""


class AidConfirmed(AidMessage):
    """Borrower to home: we take it. Repeated while nobody answers, and later to ask how things stand."""

    TYPE: ClassVar[str] = "aid.confirmed.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    again_at: Utc
    until: Utc | None = None


class AidReturned(AidMessage):
    """Borrower to home: this is back; with `final` nothing is kept or wanted any more."""

    TYPE: ClassVar[str] = "aid.returned.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    items: tuple[BackItem, ...] = ()
    final: bool
    reason: Text = ""
    again_at: Utc | None = None
    until: Utc | None = None


class AidAnswered(AidMessage):
    """Home to borrower: how the saga stands here."""

    TYPE: ClassVar[str] = "aid.answered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    agreement: Id | None
    kind: Id | None
    status: AidStatus
    code: Id | None = None
    items: tuple[AidItem, ...] = ()
    expires_at: Utc | None = None
    again_at: Utc | None = None
    """When the home asks what became of what it lent."""
    reason: Text = ""


class AidEnded(OutputEvent):
    """The saga is over for the borrower."""

    TYPE: ClassVar[str] = "aid.ended.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    aid: Id
    partner: AreaCode
    request: Id
    line: int
    kind: Id
    outcome: AidOutcome
    code: Id | None = None
    reason: Text = ""

    def subject(self) -> str:
        return self.aid


class ResourceBorrowed(OutputEvent):
    """A resource of another area is here for one of our lines, until it is given back; it serves nobody else."""

    TYPE: ClassVar[str] = "resource.borrowed.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    aid: Id
    partner: AreaCode
    entry: ResourceRegistered
    quantity: int
    again_at: Utc
    """When we ask the home how things stand."""

    def subject(self) -> str:
        return self.entry.resource


class ResourceGivenBack(OutputEvent):
    """A borrowed resource is no longer ours to use."""

    TYPE: ClassVar[str] = "resource.given_back.v1"
    TOPIC: ClassVar[str] = RESOURCE_ALLOCATIONS

    aid: Id
    partner: AreaCode
    resource: Id
    quantity: int
    """How much of it goes back; what was consumed does not."""
    fate: Literal["unused", "released", "consumed"]

    def subject(self) -> str:
        return self.resource
