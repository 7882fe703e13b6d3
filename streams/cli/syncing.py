"""Moves a node's log to its city: read from the node's recorder, sent in pieces, and followed until it is merged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.base import INPUTS
from schemas.codec import decode_output, encode
from schemas.envelope import stamp, write
from schemas.inputs.nodes import MOST_ENTRIES, LogEntry, NodeLogSynced
from schemas.outputs.autonomy_events import ConflictSettled, EntryHeld, EntryMerged, EntrySetAside
from schemas.outputs.incident_events import ReportAttached
from streams.cli.sending import Sent, area_now, outcome, send
from streams.domain.autonomy.entities import NodeLog
from streams.domain.autonomy.log import TOLD, Recorded, entries_of
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.sql import QUERIES

PIECE_BYTES = 400_000
COUNTED = {
    EntryMerged.TYPE: "merged",
    EntryHeld.TYPE: "held",
    EntrySetAside.TYPE: "set_aside",
    ConflictSettled.TYPE: "conflicts",
}


@dataclass(frozen=True, slots=True)
class Node:
    """Whose log it is, in which city, and where its recorder is."""

    node: str
    area: str
    database: str
    realm: str


async def log_of(node: Node) -> list[LogEntry]:
    """The node's whole log."""
    connection = await connect(node.database, node.realm)
    try:
        types = [event.TYPE for event in TOLD]
        rows = await connection.fetch(QUERIES["node_log"], node.area, types, ReportAttached.TYPE)
    finally:
        await connection.close()
    recorded = (
        Recorded(
            row["seq"],
            row["now"],
            decode_output(row["type"], row["data"]),
            INPUTS[row["input_type"]].model_validate_json(row["input_value"]) if row["input_type"] in INPUTS else None,
        )
        for row in rows
    )
    return list(entries_of(node.node, node.area, recorded))


async def merged_up_to(city: Settings, node: Node) -> int:
    """Sequence up to which the city has merged the log."""
    connection = await connect(city.database, city.realm)
    try:
        body = await connection.fetchval(
            "select body from state where area = $1 and kind = $2 and id = $3", node.area, NodeLog.KIND, node.node
        )
    finally:
        await connection.close()
    return NodeLog.model_validate_json(body).merged if body is not None else 0


def pieces(node: Node, log: Iterable[LogEntry], position: int) -> Iterator[NodeLogSynced]:
    """The log in records that every broker takes."""
    piece: list[LogEntry] = []
    size = 0
    for entry in log:
        weight = len(entry.model_dump_json())
        if piece and (len(piece) == MOST_ENTRIES or size + weight > PIECE_BYTES):
            yield NodeLogSynced(area=node.area, node=node.node, position=position, entries=tuple(piece))
            piece, size = [], 0
        piece.append(entry)
        size += weight
    if piece:
        yield NodeLogSynced(area=node.area, node=node.node, position=position, entries=tuple(piece))


async def synced(city: Settings, node: Node, *, anew: bool, wait_s: float) -> dict[str, int]:
    """Send what the city has not merged (all of it with `anew`), and count what became of it.

    `unanswered` counts pieces that no worker of the city has dealt with in time.
    """
    log = await log_of(node)
    merged = await merged_up_to(city, node)
    position = log[-1].sequence if log else 0
    missing = [entry for entry in log if anew or entry.sequence > merged]
    told = {"entries": len(log), "position": position, "sent": len(missing), **dict.fromkeys(COUNTED.values(), 0)}
    sent = [await _send(city, node, piece) for piece in pieces(node, missing, position)]
    told["unanswered"] = 0
    for one in sent:
        found = await outcome(city, one, wait_s)
        told["unanswered"] += not found.events
        for _, type, _ in found.events:
            if type in COUNTED:
                told[COUNTED[type]] += 1
    told["merged_up_to"] = await merged_up_to(city, node)
    return told


async def _send(city: Settings, node: Node, piece: NodeLogSynced) -> Sent:
    """One record; the same piece has the same identity, however often it is sent."""
    connection = await connect(city.database, city.realm)
    try:
        now = await area_now(connection, node.area)
    finally:
        await connection.close()
    first, last = piece.entries[0], piece.entries[-1]
    id = f"{node.node}/{first.sequence}-{last.sequence}/{piece.position}/{last.digest[:16]}"
    source = f"liandong/node/{node.node}"
    virtual = stamp(now) if city.virtual_time else None
    attributes = {"id": id, "source": source, "type": piece.TYPE, "time": stamp(now), "virtualtime": virtual}
    where = Sent(piece.TOPIC, -1, -1, node.area, source, id)
    return await send(city, where, node.area.encode(), encode(piece), write(attributes))
