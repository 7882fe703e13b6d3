"""duty.updates: a district's command node that is cut off, and the log of what it decided meanwhile (AU-1 to AU-3).

A node's log is what `liandong sync` brings to the city. An entry is identified by (node, sequence); `digest` seals it,
and `previous` with `previous_digest` chain it to the entry before, so that a missing or changed entry is noticed.
"""

import hashlib
import json
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from schemas.base import Department, Id, InputEvent, Model, Text, Utc
from schemas.inputs.reports import IncidentReported, Place
from schemas.inputs.requests import RequestLine
from schemas.inputs.resources import ResourceQuantityReported, ResourceStatusReported
from schemas.topics import DUTY_UPDATES

AutonomyReason = Literal["link_down", "catastrophic"]
MOST_ENTRIES = 200
DIGEST = r"^[0-9a-f]{64}$"


class LinkTried(InputEvent):
    """A unit tried to report to its superior: heard by its own node, never by the city it could not reach (AU-1)."""

    TYPE: ClassVar[str] = "node.link_tried.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    unit: Id
    to_unit: Id
    outcome: Literal["failed", "delivered"] = "failed"
    observed_at: Utc


class AutonomyBegun(Model):
    """The node began to act by itself."""

    what: Literal["autonomy_begun"] = "autonomy_begun"
    reason: AutonomyReason
    since: Utc
    """Since when the link was down, or when the catastrophe was graded."""


class LinkSkipped(Model):
    """A dead superior was passed over: whom the unit turned to instead (AU-3)."""

    what: Literal["link_skipped"] = "link_skipped"
    unit: Id
    past: Id
    to: Id | None


class ReportTaken(Model):
    """A report that the node received."""

    what: Literal["report"] = "report"
    report: IncidentReported


class RequestTaken(Model):
    """A request that the node admitted."""

    what: Literal["request"] = "request"
    request: Id
    about: Text | None = None
    """`source|external_id` of a report of its incident: ids of incidents are each installation's own."""
    unit: Id
    department: Department
    place: Place
    lines: tuple[RequestLine, ...] = Field(min_length=1, max_length=50)


class RequestChangedThere(Model):
    """New quantities of a request's lines; zero ends the line."""

    what: Literal["request_changed"] = "request_changed"
    request: Id
    quantities: dict[int, int] = Field(min_length=1, max_length=50)
    reason: Text = ""


class CommittedThere(Model):
    """The node committed a resource that was delegated to it: a fact."""

    what: Literal["commitment"] = "commitment"
    commitment: Id
    request: Id
    line: int = Field(ge=1, le=99)
    resource: Id
    quantity: int = Field(default=1, ge=1)
    eta_ms: int | None = None
    reason: Text = ""


class SteppedThere(Model):
    """A commitment of the node went one step on, or ended, with what that meant for resource and line."""

    what: Literal["step"] = "step"
    commitment: Id
    resource: Id
    stage: Literal[
        "accepted", "en_route", "on_scene", "occupied", "shipped", "delivered", "declined", "displaced", "preempted",
        "unanswered", "lapsed", "recalled", "released", "returned", "consumed",
    ]  # fmt: skip
    observed_at: Utc
    freed: int = Field(default=0, ge=0)
    on_hand: int = 0
    reopened: int = Field(default=0, ge=0)
    resource_status: Literal["ready", "busy", "rest"] | None = None
    excluded: bool = False
    reason: Text = ""


class TierMoved(Model):
    """A hospital's surge tier of beds was opened or closed (BD-1)."""

    what: Literal["bed_tier"] = "bed_tier"
    owner_unit: Id
    bed_kind: Id
    tier: int = Field(ge=1, le=3)
    open: bool = True
    request: Id | None = None
    line: int = Field(default=1, ge=1, le=99)
    """The line that was short of beds."""


class StatusSeen(Model):
    """A resource's availability as its owner told the node."""

    what: Literal["status"] = "status"
    status: ResourceStatusReported


class QuantitySeen(Model):
    """Stock or free beds as their owner counted them."""

    what: Literal["quantity"] = "quantity"
    quantity: ResourceQuantityReported


class MeasureTaken(Model):
    """A local measure: a self-rescue task card and the like (AU-1, AU-2)."""

    what: Literal["measure"] = "measure"
    measure: Id
    unit: Text = ""
    text: Text = ""


class AutonomyOver(Model):
    """The node reached its superiors again: the last entry of its log."""

    what: Literal["autonomy_over"] = "autonomy_over"
    reason: AutonomyReason
    until: Utc


Happening = Annotated[
    AutonomyBegun
    | LinkSkipped
    | ReportTaken
    | RequestTaken
    | RequestChangedThere
    | CommittedThere
    | SteppedThere
    | TierMoved
    | StatusSeen
    | QuantitySeen
    | MeasureTaken
    | AutonomyOver,
    Field(discriminator="what"),
]
WORDS: dict[str, type[Model]] = {
    str(kind.model_fields["what"].default): kind for kind in get_args(get_args(Happening)[0])
}
"""What an entry may be, by the word it says."""
UNSEALED = "0" * 64
"""Digest of an entry that nobody has sealed yet."""


class LogEntry(Model):
    """One entry of a node's log."""

    sequence: int = Field(ge=1)
    """Rises from entry to entry; gaps are normal, `previous` tells what must have come before."""
    previous: int | None = Field(default=None, ge=1)
    """Sequence of the entry before; none for the first."""
    previous_digest: str | None = Field(default=None, pattern=DIGEST)
    logged_at: Utc
    """Local time of the node."""
    entry: Happening
    digest: str = Field(default=UNSEALED, pattern=DIGEST)

    def lookups(self) -> tuple[tuple[str, str], ...]:
        """What merging this entry may touch, apart from the node's own."""
        what = self.entry
        if isinstance(what, ReportTaken):
            return what.report.lookups()
        if isinstance(what, RequestTaken):
            return (("external_ref", what.about), ("upward_waiting", what.about)) if what.about else ()
        return ()


class NodeLogSynced(InputEvent):
    """A piece of a node's log, in any order and as often as it takes: each entry counts once (AU-1)."""

    TYPE: ClassVar[str] = "node.log_synced.v1"
    TOPIC: ClassVar[str] = DUTY_UPDATES

    node: Id
    position: int | None = Field(default=None, ge=0)
    """Sequence of the last entry that the node has."""
    entries: tuple[LogEntry, ...] = Field(min_length=1, max_length=MOST_ENTRIES)

    def lookups(self) -> tuple[tuple[str, str], ...]:
        found = [("node_entry", f"{self.node}#{one.sequence}") for one in self.entries]
        for one in self.entries:
            found += mirrored(self.node, one)
        return tuple(found)


def mirrored(node: str, one: LogEntry) -> list[tuple[str, str]]:
    """What an entry refers to, as it is called in the city."""
    what = one.entry
    found = list(one.lookups())
    if isinstance(what, RequestTaken | RequestChangedThere | CommittedThere):
        request = f"{node}:{what.request}"
        found.append(("request", request))
        lines = (
            [line.line for line in what.lines]
            if isinstance(what, RequestTaken)
            else list(what.quantities)
            if isinstance(what, RequestChangedThere)
            else [what.line]
        )
        found += [("request_line", f"{request}/{line}") for line in lines]
    elif isinstance(what, SteppedThere):
        commitment = f"{node}:{what.commitment}"
        line = commitment.rpartition("/")[0]
        found += [("commitment", commitment), ("overruled_commitment", commitment)]
        found += [("request_line", line), ("request", line.rpartition("/")[0])]
    return found


def digest_of(node: str, one: LogEntry) -> str:
    """The seal of an entry: SHA-256 over the node's id and all of the entry but the seal, as sorted JSON."""
    content: dict[str, Any] = {"node": node, **one.model_dump(mode="json", exclude={"digest"})}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(node: str, one: LogEntry) -> LogEntry:
    """The entry with its seal."""
    return one.model_copy(update={"digest": digest_of(node, one)})
