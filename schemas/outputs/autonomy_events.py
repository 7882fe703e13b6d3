"""Autonomous mode: what a cut-off node does, what is delegated to it, and how its log is merged (AU-1 to AU-3)."""

from typing import ClassVar, Literal

from schemas.base import DistrictCode, Id, OutputEvent, Text, Utc
from schemas.inputs.nodes import AutonomyReason, LogEntry
from schemas.inputs.registers import NodeRegistered
from schemas.topics import AREA_EVENTS, RESPONSE_LEVELS

AsideReason = Literal[
    "tampered", "other_content", "unknown_node", "foreign_area", "unknown_division", "unknown_resource",
]  # fmt: skip
"""Why an entry had no effect: its seal is broken, its sequence was merged with other content, its node is nobody's,
it speaks of another city or of a division or resource that is not known here."""
EndReason = Literal["log_merged", "nothing_logged", "no_log"]


class NodeEvent(OutputEvent):
    """An event about a node."""

    node: Id

    def subject(self) -> str:
        return self.node


class NodeTaken(NodeEvent):
    """A command node in the register."""

    TYPE: ClassVar[str] = "register.node_taken.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: NodeRegistered


class LinkTriesCounted(NodeEvent):
    """How often in a row a unit could not reach its superior; 0: reached."""

    TYPE: ClassVar[str] = "autonomy.link_tried.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    unit: Id
    to_unit: Id
    tries: int
    since: Utc
    """The first failed try of the row."""
    at: Utc


class ReportEscalatedPast(NodeEvent):
    """A superior that cannot be reached is passed over: the next one up is to be told (AU-3, 越级上报)."""

    TYPE: ClassVar[str] = "report.escalated_past.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    unit: Id
    past: Id
    to: Id | None
    """Absent: nobody stands above."""
    rule: str
    at: Utc


class AutonomyEntered(NodeEvent):
    """A node acts by itself, with local resources and measures only (AU-1). `here` on the node, else as merged."""

    TYPE: ClassVar[str] = "autonomy.entered.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    district: DistrictCode
    reason: AutonomyReason
    since: Utc
    here: bool
    rule: str


class AutonomyExited(NodeEvent):
    """The node is under unified command again. `here` on the node, else as merged: its log is complete."""

    TYPE: ClassVar[str] = "autonomy.exited.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    district: DistrictCode
    reason: AutonomyReason
    since: Utc
    until: Utc
    here: bool


class ResourcesDelegated(NodeEvent):
    """Nobody hears the district: its resources are its node's, and the city commits none of them."""

    TYPE: ClassVar[str] = "autonomy.resources_delegated.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    district: DistrictCode
    resources: tuple[Id, ...]
    since: Utc
    rule: str


class LogAwaited(NodeEvent):
    """The district is heard again; its resources stay delegated until its node's log is merged, or until `until`."""

    TYPE: ClassVar[str] = "autonomy.log_awaited.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    district: DistrictCode
    until: Utc


class DelegationEnded(NodeEvent):
    """The city commits the district's resources again."""

    TYPE: ClassVar[str] = "autonomy.delegation_ended.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    district: DistrictCode
    reason: EndReason
    at: Utc


class LogPositionNoted(NodeEvent):
    """How far the node's log goes, and how far it is merged."""

    TYPE: ClassVar[str] = "autonomy.log_position_noted.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    position: int
    merged: int
    behind: int


class EntryHeld(NodeEvent):
    """An entry came before what precedes it in its log, or before the request that it is about: it waits."""

    TYPE: ClassVar[str] = "autonomy.entry_held.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    entry: LogEntry
    until: Utc
    """When the log goes on without what is missing."""
    passed: bool = False
    """The log goes on at once: only this entry waits, for its request or commitment, as long as it takes."""


class EntryMerged(NodeEvent):
    """An entry counts from now on, once. What it says about resources and incidents are the events after this one."""

    TYPE: ClassVar[str] = "autonomy.entry_merged.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    sequence: int
    what: str
    digest: str
    logged_at: Utc
    late: bool
    """It came after entries that follow it in the log had been merged without it."""
    chained: bool
    """Whether it continues what was merged before it; false after a gap, and where the log was changed."""
    behind: int = 0
    """By how many sequences the merged log is behind what the node is known to have."""


class EntrySetAside(NodeEvent):
    """An entry without effect, kept whole: operators are alarmed (never silently dropped)."""

    TYPE: ClassVar[str] = "autonomy.entry_set_aside.v1"
    TOPIC: ClassVar[str] = AREA_EVENTS

    reason: AsideReason
    entry: LogEntry


class ConflictSettled(NodeEvent):
    """City and node had promised the same resource: which commitment stands, which one is replanned."""

    TYPE: ClassVar[str] = "autonomy.conflict_settled.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    resource: Id
    kept: Id
    replanned: Id
    delegated: bool
    """Whether the resource was delegated to the node: then the node's commitment is a fact and stands."""


class MeasureReported(NodeEvent):
    """A local measure of the node, as its log tells."""

    TYPE: ClassVar[str] = "autonomy.measure_reported.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    measure: Id
    unit: Text
    text: Text
    at: Utc


class LinesHandedOver(NodeEvent):
    """What the node could not serve is the city's to serve."""

    TYPE: ClassVar[str] = "autonomy.lines_handed_over.v1"
    TOPIC: ClassVar[str] = RESPONSE_LEVELS

    lines: tuple[Id, ...]
