"""What the policy commands read and send."""

import json
import uuid
from collections.abc import Mapping

from schemas.inputs.registers import PolicyAdopted
from streams.cli.sending import area_now, outcome, send_event
from streams.domain.core import Incident
from streams.domain.directives.days import day_and_places
from streams.domain.state import AreaState
from streams.policy.explain import Graded, explain
from streams.policy.loader import load
from streams.settings import Settings
from streams.store.migrate import connect
from streams.store.policy_book import PolicyBook
from streams.store.reading import area_entity, find_incident, incident_entity, read_state
from streams.store.sql import QUERIES


async def explained(settings: Settings, ref: str, area: str | None) -> list[str] | None:
    """Why an incident has its grade, by the policy that its area has adopted; None when there is no such incident."""
    connection = await connect(settings.database, settings.realm)
    try:
        where = await find_incident(connection, ref, area)
        if where is None:
            return None
        state = await read_state(connection, *where)
        policy = await PolicyBook().get(connection, area_entity(state).policy_version)
    finally:
        await connection.close()
    return explain(policy, _graded(state, incident_entity(state, where[1])))


def _graded(state: AreaState, found: Incident) -> Graded:
    day, within = day_and_places(state, found.occurred_at)
    return Graded(
        incident=found.id,
        kinds=found.hazard_kinds,
        day=day,
        within=within,
        figures=found.figures,
        verification=found.verification,
        families=found.families,
        composite=found.composite,
    )


async def stored(settings: Settings, documents: Mapping[str, str]) -> str:
    """Store a policy; returns its version. Raises PolicyError when it is not in order."""
    version = load(documents).version
    connection = await connect(settings.database, settings.realm)
    try:
        await connection.execute(QUERIES["put_policy"], version, json.dumps(dict(documents)))
    finally:
        await connection.close()
    return version


async def adopted(settings: Settings, version: str, area: str, reason: str) -> tuple[str, bool]:
    """Have an area adopt a version; returns what came of it."""
    connection = await connect(settings.database, settings.realm)
    try:
        now = await area_now(connection, area)
    finally:
        await connection.close()
    event = PolicyAdopted(area=area, version=version, reason=reason)
    found = await outcome(settings, await send_event(settings, event, f"adopt-{uuid.uuid4()}", now), 15.0)
    if found.dead:
        return f"not adopted: {found.dead}", False
    if not found.events:
        return "sent, but no worker has dealt with it yet: see `liandong doctor`", False
    return f"{area} is judged by policy {version} from now on", True
