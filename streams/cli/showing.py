"""Reads what `liandong incident`, `decisions`, `request` and `policy explain` show."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from schemas.outputs.area_events import DistrictTaken, UnitTaken
from schemas.outputs.catalogue_events import ResourceCatalogued
from streams.domain.allocation.entities import Resource
from streams.domain.core import District, Incident, Unit
from streams.domain.state import AreaState
from streams.scenario.fold import Observed
from streams.scenario.timeline import Teller
from streams.scenario.times import Calendar
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.reading import Told, area_entity, events_of, find_incident, incident_entity, read_state
from streams.store.sql import QUERIES

TABLES = (
    (
        "Responses 应急响应",
        "responses",
        ("zone", "level", "status", "office", "issuer", "started_at", "expected_until"),
    ),
    ("Joint mechanism 联动机制", "task_forces", ("task_force", "status", "rules", "lead", "deputy", "activated_at")),
    (
        "Requests 资源申请",
        "requests",
        ("request", "line", "unit", "kind", "quantity", "still_needed", "stage", "urgency"),
    ),
    (
        "Commitments 资源调配",
        "commitments",
        ("kind", "resource", "quantity", "stage", "eta_minutes", "tier", "committed_at"),
    ),
    ("Obligations 法定时限", "obligations", ("rule", "debtor", "recipients", "status", "due", "met_at", "late")),
)
"""Title, view, and the columns that people are shown."""


async def incidents(settings: Settings, area: str | None, limit: int, *, closed: bool) -> list[dict[str, Any]]:
    """Incidents, newest first."""
    connection = await connect(settings.database, settings.realm)
    try:
        rows = await connection.fetch(QUERIES["list_incidents"], area, closed, limit)
    finally:
        await connection.close()
    return [{**row, "grades": json.loads(row["grades"]) if row["grades"] else {}} for row in rows]


async def whole(settings: Settings, ref: str, area: str | None, events: int) -> dict[str, Any] | None:
    """Everything about one incident, and its story in lines for people; None when there is none."""
    connection = await connect(settings.database, settings.realm)
    try:
        where = await find_incident(connection, ref, area)
        if where is None:
            return None
        state = await read_state(connection, *where)
        told = await events_of(connection, *where, events)
        return {
            "data": await _data(connection, state, where, told),
            "story": _story(state, incident_entity(state, where[1]), told),
        }
    finally:
        await connection.close()


async def _data(
    connection: asyncpg.Connection, state: AreaState, where: tuple[str, str], told: list[Told]
) -> dict[str, Any]:
    found = incident_entity(state, where[1])
    head = await connection.fetchrow("select * from incidents where area = $1 and incident = $2", *where)
    if head is None:
        raise LookupError(f"no incident {where[1]}")
    tables = []
    for title, view, columns in TABLES:
        rows = await connection.fetch(f"select * from {view} where area = $1 and incident = $2", *where)  # noqa: S608 - view names of ours
        tables.append((title, columns, [dict(row) for row in rows]))
    return {
        "incident": {name: value for name, value in head.items() if name not in ("figures", "verification", "grades")},
        "families": [family.model_dump(mode="json") for family in found.families],
        "figures": found.figures,
        "verification": found.verification,
        "tables": tables,
        "events": [
            {"seq": one.seq, "at": one.now, "type": one.event.TYPE, "data": json.loads(one.data)} for one in told
        ],
    }


def _story(state: AreaState, found: Incident, told: list[Told]) -> list[str]:
    teller = informed_teller(state, found)
    lines = []
    for one in told:
        lines += teller.tell(
            Observed(one.event.TYPE, state.area, one.now, one.seq, json.loads(one.data), one.causation)
        )
    return lines


def informed_teller(state: AreaState, found: Incident) -> Teller:
    """A teller that has heard of the area's districts, units and resources; bare times are of the incident's day."""
    zone = ZoneInfo(area_entity(state).timezone)
    teller = Teller(Calendar(found.occurred_at.astimezone(zone).date(), zone))
    known = (
        *(DistrictTaken(entry=one.entry) for one in state.of(District).values()),
        *(UnitTaken(entry=one.entry) for one in state.of(Unit).values()),
        *(ResourceCatalogued(entry=one.entry, quantity=one.quantity) for one in state.of(Resource).values()),
    )
    for event in known:
        teller.tell(Observed(event.TYPE, state.area, state.now, 0, event.model_dump(mode="json")))
    return teller
