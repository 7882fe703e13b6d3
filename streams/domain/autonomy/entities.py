"""What autonomous mode remembers: nodes, tries to reach superiors, delegations, and how far logs are merged."""

from typing import ClassVar

from schemas.base import Utc
from schemas.inputs.nodes import AutonomyReason, LogEntry
from schemas.inputs.registers import NodeRegistered
from streams.domain.state import AreaState, Entity


class CommandNode(Entity):
    """Register entry of a district's command node."""

    KIND: ClassVar[str] = "command_node"

    entry: NodeRegistered


class LinkTry(Entity):
    """A row of failed tries of a unit to reach its superior; `id` is `<unit>><superior>`. Gone once one succeeds."""

    KIND: ClassVar[str] = "link_try"

    tries: int
    since: Utc


class Autonomy(Entity):
    """A node acts by itself. `here`: it is this installation; else the city knows it from the node's log."""

    KIND: ClassVar[str] = "autonomy"

    district: str
    reason: AutonomyReason
    since: Utc
    here: bool
    rule: str
    active: bool = True
    seen: tuple[str, ...] = ()
    """Incidents that let it enter because of their grade: each does so once."""


class Delegation(Entity):
    """What a node disposes of while its district is silent; `id` is the node."""

    KIND: ClassVar[str] = "delegation"

    district: str
    resources: tuple[str, ...]
    since: Utc
    rule: str


class NodeLog(Entity):
    """How far a node's log is merged; `id` is the node."""

    KIND: ClassVar[str] = "node_log"

    merged: int = 0
    """Sequence of the last entry that was merged in its turn."""
    digest: str | None = None
    position: int = 0
    """Sequence of the last entry that the node is known to have."""


class NodeEntry(Entity):
    """An entry of a node's log; `id` is `<node>#<sequence>`. With `held`, it waits for what precedes it."""

    KIND: ClassVar[str] = "node_entry"

    node: str
    sequence: int
    digest: str
    held: LogEntry | None = None

    def resident(self) -> bool:
        """Until it is merged."""
        return self.held is not None


class Overruled(Entity):
    """A commitment of a node that the city's own stood against: steps of it contradict, they are not early."""

    KIND: ClassVar[str] = "overruled_commitment"

    def resident(self) -> bool:
        """History: named by the steps that look for it."""
        return False


def entry_id(node: str, sequence: int) -> str:
    """Identity of an entry of a log."""
    return f"{node}#{sequence}"


def this_node(state: AreaState) -> CommandNode | None:
    """The node that this installation is; None in the city's."""
    return next((node for node in state.of(CommandNode).values() if node.entry.here), None)


def acting(state: AreaState) -> Autonomy | None:
    """The autonomy that this installation acts in; None while the city commands, and in the city."""
    node = this_node(state)
    autonomy = state.get(Autonomy, node.id) if node is not None else None
    return autonomy if autonomy is not None and autonomy.active else None
