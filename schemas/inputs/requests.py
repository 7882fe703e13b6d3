"""resource.requests: what is needed, how urgent, where, for which incident (EDXL-RM RequestResource)."""

from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Department, Id, InputEvent, Model, Text, Utc
from schemas.inputs.reports import Place
from schemas.topics import RESOURCE_REQUESTS

Urgency = Literal[1, 2, 3, 4]
"""1 life at risk, 2 urgent, 3 soon, 4 routine (allocation.md)."""


class RequestLine(Model):
    """One kind of thing: a count of units or beds, or a quantity of stock in the kind's unit."""

    line: int = Field(ge=1, le=99)
    kind: Id
    """Resource kind, e.g. ambulance, icu_bed, EMR, ppe, disinfectant (names: policy allocation kinds)."""
    quantity: int = Field(ge=1, le=10_000_000)
    requires: tuple[Id, ...] = ()
    """Capabilities that exclude resources without them."""
    prefers: tuple[Id, ...] = ()
    """Capabilities that only break ties."""
    minimum_type: int | None = Field(default=None, ge=1, le=4)
    """NIMS-like type, 1 the most capable: a higher type satisfies a lower request."""
    urgency: Urgency | None = None
    """Taken from the policy's class of the kind where absent."""


class ResourceRequested(InputEvent):
    """A request with its lines. Refused when unreadable by the rules, never silently dropped."""

    TYPE: ClassVar[str] = "resource.requested.v1"
    TOPIC: ClassVar[str] = RESOURCE_REQUESTS
    COMMAND: ClassVar[bool] = True

    request: Id
    """The sender's number of the request; unique within the area."""
    incident: Id | None = None
    source: Id | None = None
    external_id: Id | None = None
    """Either the incident's id, or source + external id of the report that opened it."""
    unit: Id
    """Requesting unit."""
    department: Department
    """The department it asks for: a task-force request names its department (AL-1)."""
    for_task_force: bool = False
    place: Place
    needed_by: Utc | None = None
    lines: tuple[RequestLine, ...] = Field(min_length=1, max_length=50)
    text: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        refs = [("request", self.request)]
        if self.incident:
            refs.append(("incident", self.incident))
        if self.external_id:
            refs.append(("external_ref", f"{self.source}|{self.external_id}"))
        return tuple(refs)

    def incident_ref(self) -> str | None:
        return self.incident or (f"{self.source}|{self.external_id}" if self.external_id else None)


class RequestAmended(InputEvent):
    """New quantities for lines of an open request; zero cancels the line."""

    TYPE: ClassVar[str] = "resource.request_amended.v1"
    TOPIC: ClassVar[str] = RESOURCE_REQUESTS
    COMMAND: ClassVar[bool] = True

    request: Id
    unit: Id
    quantities: dict[int, int] = Field(min_length=1, max_length=50)
    reason: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("request", self.request),)


class RequestCancelled(InputEvent):
    """Nothing more is needed; what is under way is recalled."""

    TYPE: ClassVar[str] = "resource.request_cancelled.v1"
    TOPIC: ClassVar[str] = RESOURCE_REQUESTS
    COMMAND: ClassVar[bool] = True

    request: Id
    unit: Id
    reason: Text = ""

    def lookups(self) -> tuple[tuple[str, str], ...]:
        return (("request", self.request),)
