"""State is the fold of the recorder, and every input, decided again, gives exactly the events that it gave."""

import json
from datetime import datetime

import asyncpg

from schemas.base import INPUTS, OutputEvent
from schemas.codec import decode_output, encode
from streams.domain.cascade import cascade, evolve
from streams.domain.context import Context, Happened, Received, TimerFired, Trigger
from streams.domain.core import Area, Timer
from streams.domain.state import ENTITIES, AreaState, Entity
from streams.policy.model import Policy
from streams.runtime.unit import SHELL_SOURCE, TIMER_SOURCE
from streams.store.policy_book import PolicyBook
from tests.faults.commitments import Commitments
from tests.faults.findings import Findings


async def check_state(database: asyncpg.Connection, findings: Findings) -> None:
    """Fold and decide every area anew."""
    policies = PolicyBook()
    for area in await database.fetch("select area, now from area_head order by area"):
        await _Area(area["area"], area["now"], policies, findings).check(database)


class _Area:
    """One area's second life, from nothing."""

    def __init__(self, area: str, now: datetime, policies: PolicyBook, findings: Findings) -> None:
        self._area = area
        self._policies = policies
        self._findings = findings
        self._folded = AreaState(area, now)
        self._decided: AreaState | None = AreaState(area, now)
        self._commitments = Commitments(area, findings)

    async def check(self, database: asyncpg.Connection) -> None:
        inputs = await database.fetch("select * from recorder_input where area = $1 order by seq", self._area)
        rows = await database.fetch(
            "select seq, type, data from recorder_event where area = $1 order by seq", self._area
        )
        events = [decode_output(row["type"], row["data"]) for row in rows]
        ends = [row["seq"] for row in inputs[1:]] + [len(events) + 1]
        for row, end in zip(inputs, ends, strict=True):
            recorded = events[row["seq"] - 1 : end - 1]
            await self._again(database, row, recorded, [bytes(data["data"]) for data in rows[row["seq"] - 1 : end - 1]])
            for event in recorded:
                evolve(self._folded, event)
                self._commitments.take(event)
        self._findings.count("folded", len(events))
        self._compare(await database.fetch("select * from state where area = $1", self._area))

    async def _again(
        self, database: asyncpg.Connection, row: asyncpg.Record, recorded: list[OutputEvent], data: list[bytes]
    ) -> None:
        """Decide an input anew, until the first difference: from there on everything would differ."""
        state = self._decided
        if state is None:
            return
        state.now = row["now"]
        context = Context(self._area, "actual", row["now"], await self._policy(database, state), trigger_of(row))
        try:
            again = list(cascade(state, context))
        except Exception as error:  # noqa: BLE001  (a finding like any other)
            again, self._decided = [], None
            self._findings.wrong("decided_otherwise", f"{self._area} {row['type']} at {row['seq']}: {error!r}")
            return
        self._findings.count("decided_again")
        if [encode(event) for event in again] != data:
            self._decided = None
            self._findings.wrong(
                "decided_otherwise",
                f"{self._area} {row['type']} {row['id']} at {row['seq']}: {_first_difference(recorded, again)}",
            )

    async def _policy(self, database: asyncpg.Connection, state: AreaState) -> Policy:
        known = state.get(Area, self._area)
        return await self._policies.get(database, known.policy_version) if known else self._policies.bundled

    def _compare(self, rows: list[asyncpg.Record]) -> None:
        stored = {(row["kind"], row["id"]): row for row in rows}
        folded = {(kind, id): entity for kind in ENTITIES for id, entity in self._folded.tables(kind).items()}
        for key in sorted(stored.keys() | folded.keys()):
            row, entity = stored.get(key), folded.get(key)
            if row is None or entity is None or not _same(row, entity):
                self._findings.wrong("state_differs", f"{self._area} {key}: {_difference(row, entity)}")
        self._findings.count("entities", len(stored))


def _difference(row: asyncpg.Record | None, entity: Entity | None) -> str:
    if row is None or entity is None:
        return "is not stored" if row is None else "is not in the fold"
    stored, folded = json.loads(row["body"]), json.loads(entity.model_dump_json())
    fields = {name: (stored.get(name), folded.get(name)) for name in folded if stored.get(name) != folded.get(name)}
    return f"stored and folded differ: {str(fields)[:400]} resident {row['resident']} {entity.resident()}"


def _first_difference(recorded: list[OutputEvent], again: list[OutputEvent]) -> str:
    for was, now in zip(recorded, again, strict=False):
        if was != now and type(was) is type(now):
            before, after = was.model_dump(), now.model_dump()
            fields = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
            return f"{was.TYPE} was and is now {str(fields)[:400]}"
        if encode(was) != encode(now):
            return f"was {was.TYPE}, is now {now.TYPE}, same but for the order of its fields: {was == now}"
    return f"was {[event.TYPE for event in recorded]}, is now {[event.TYPE for event in again]}"


def _same(row: asyncpg.Record, entity: Entity) -> bool:
    due = entity.due if isinstance(entity, Timer) else None
    return (
        json.loads(row["body"]) == json.loads(entity.__pydantic_serializer__.to_json(entity))
        and row["incident"] == entity.incident
        and row["resident"] == entity.resident()
        and row["due"] == due
    )


def trigger_of(row: asyncpg.Record) -> Trigger:
    """What was decided, from its row in the recorder."""
    value = bytes(row["value"])
    if row["source"] == TIMER_SOURCE:
        data = json.loads(value)
        due = datetime.fromisoformat(data["due"])
        return TimerFired(data["timer"], data["kind"], data["ref"], due, data["incident"], data["lateness_ms"])
    if row["source"] == SHELL_SOURCE:
        return Happened(decode_output(row["type"], value), row["id"])
    event = INPUTS[row["type"]].model_validate_json(value)
    return Received(event, row["source"], row["id"], value, row["signature"], bytes(row["digest"]).hex())
