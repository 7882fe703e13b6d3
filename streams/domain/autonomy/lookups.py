"""What must be loaded because entries of logs wait: they are merged under a later record, which does not name it."""

from collections.abc import Iterator

from schemas.inputs.nodes import mirrored
from streams.domain.autonomy.entities import NodeEntry
from streams.domain.state import AreaState, Key


def held_lookups(state: AreaState) -> Iterator[Key]:
    """What merging the waiting entries may touch. Nearly always nothing."""
    for entry in state.of(NodeEntry).values():
        if entry.held is not None:
            yield from mirrored(entry.node, entry.held)
