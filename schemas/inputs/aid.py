"""mutual.aid between a borrowing city and the home city of a resource, as the addressed city reads it (MA-1).

The events of schemas/outputs/aid_events.py, type for type. `aid` identifies the saga in both cities; every message
may be lost, repeated or overtaken by another one of the same saga.
"""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import AreaCode, Department, Id, InputEvent, Model, Text, Utc
from schemas.inputs.reports import Place
from schemas.inputs.requests import Urgency
from schemas.inputs.resources import ResourceRegistered
from schemas.topics import MUTUAL_AID

AidStatus = Literal["held", "lent", "declined", "lapsed", "closed"]
"""Where the saga stands at the resources' home: held until an instant; lent; over because the home refused, because
the hold ran out or was withdrawn, or because everything is back."""


class AidItem(Model):
    """A resource, or a part of one, that its home keeps for the borrower."""

    commitment: Id
    """The home's commitment."""
    quantity: int = Field(ge=1)
    stage: str
    """Of the home's commitment: how far its owner says it is."""
    eta_ms: int | None = None
    entry: ResourceRegistered
    """The home's catalogue entry."""


class BackItem(Model):
    """What became of a borrowed resource."""

    resource: Id
    quantity: int = Field(ge=0)
    """How much of it comes back."""
    fate: Literal["unused", "released", "consumed"]


class AidRequest(InputEvent):
    """Another city asks for a resource under an agreement. Asked again with the same `aid` it is the same request."""

    TYPE: ClassVar[str] = "aid.requested.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    aid: Id
    agreement: Id
    kind: Id
    quantity: int = Field(ge=1)
    requires: tuple[Id, ...] = ()
    minimum_type: int | None = None
    urgency: Urgency
    department: Department
    destination: Place
    decided_by: tuple[Id, ...] = ()
    reason: Text = ""
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("aid_loan", self.aid), ("request", self.aid), ("request_line", f"{self.aid}/1"))


class AidConfirmation(InputEvent):
    """The borrower takes what is held for it; repeated, it asks how things stand."""

    TYPE: ClassVar[str] = "aid.confirmed.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    aid: Id
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("aid_loan", self.aid), ("request", self.aid), ("request_line", f"{self.aid}/1"))


class AidReturn(InputEvent):
    """The borrower gives back; with `final` it keeps nothing and wants nothing any more."""

    TYPE: ClassVar[str] = "aid.returned.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    aid: Id
    items: tuple[BackItem, ...] = ()
    """Everything that has come back so far."""
    final: bool
    reason: Text = ""
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("aid_loan", self.aid), ("request", self.aid), ("request_line", f"{self.aid}/1"))


class AidAnswer(InputEvent):
    """The home's word on a saga: it alone holds, lends, and judges whether a confirmation came in time."""

    TYPE: ClassVar[str] = "aid.answered.v1"
    TOPIC: ClassVar[str] = MUTUAL_AID

    from_area: AreaCode
    aid: Id
    status: AidStatus
    code: Id | None = None
    """Why it is over: NO_AGREEMENT, NOTHING_FREE, EXPIRED, WITHDRAWN ..."""
    items: tuple[AidItem, ...] = ()
    """What is held or lent now."""
    expires_at: Utc | None = None
    """Until when the home waits for a confirmation, by the home's clock."""
    reason: Text = ""
    at: Utc

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("aid", self.aid),)
