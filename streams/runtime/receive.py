"""What becomes of one record inside a transaction: dead letter, repetition, conflict, telemetry, or a decision."""

import asyncpg

from schemas.codec import Readable, Unreadable
from schemas.inputs.clock import ClockAdvanced
from schemas.inputs.registers import AreaRegistered, PolicyAdopted
from schemas.inputs.requests import ResourceRequested
from schemas.inputs.resources import ResourcePositioned
from schemas.outputs.area_events import IdentityConflicted, InputUnreadable
from schemas.topics import ACTUAL, COMMAND_DIRECTIVES, EMS_CALLS, INCIDENT_REPORTS, MUTUAL_AID, RESOURCE_REQUESTS
from streams.domain.allocation.routes import routes_adopted, routes_wanted
from streams.domain.allocation.telemetry import adopt_positions, kinds_wanted
from streams.domain.core import area_of
from streams.domain.intake import unknown_division
from streams.runtime.areas import Areas
from streams.runtime.items import Applied, Item
from streams.runtime.routing import Router
from streams.runtime.unit import Head, plain
from streams.store.policy_book import UnknownPolicyError
from streams.telemetry import Metrics

LIFE_CRITICAL = frozenset({INCIDENT_REPORTS, RESOURCE_REQUESTS, COMMAND_DIRECTIVES, EMS_CALLS})
"""Topics on which an unreadable record is told to the duty room: somebody may be waiting for help."""
OWN_SOURCES = "liandong/"
"""What cities under Liandong say to each other carries a source that begins so."""
Known = dict[tuple[str, str, str], bytes]
"""Area, source and id of accepted inputs, with the digest of their content."""


class Receiver:
    """Judges the records of a transaction one after the other."""

    def __init__(self, areas: Areas, metrics: Metrics, router: Router | None = None) -> None:
        self._areas = areas
        self._metrics = metrics
        self._router = router
        self._realm = metrics.realm

    async def receive(self, connection: asyncpg.Connection, applied: Applied, item: Item, known: Known) -> None:
        """Take one record to its end; `known` grows by what was accepted."""
        read = item.read
        applied.count(self._metrics.records, item.record.topic)
        if isinstance(read, Unreadable):
            self._unreadable(applied, item, read)
            return
        if read.unknown:
            applied.count(self._metrics.unknown_fields, read.event.TYPE, by=len(read.unknown))
        head = applied.unit.heads.get(read.event.area)
        if head is None or (head.seq == 0 and not isinstance(read.event, AreaRegistered)):
            if item.record.topic == MUTUAL_AID and read.envelope.source.startswith(OWN_SOURCES):
                return  # our own message to a city of another installation: its bridge carries it there
            why = Unreadable("UNKNOWN_AREA", "area", f"area {read.event.area} is not registered", read.envelope)
            self._unreadable(applied, item, why)
            return
        if isinstance(read.event, ClockAdvanced) and self._realm == ACTUAL:
            why = Unreadable("WRONG_REALM", "ce_type", "time of the actual realm cannot be moved", read.envelope)
            self._unreadable(applied, item, why)
            return
        self._count_foreign(applied, item, head)
        if isinstance(read.event, ResourcePositioned):
            self._coalesce(applied, read.event)
        elif not self._repeated(applied, item, read, known) and await self._decide(connection, applied, item, read):
            known[read.event.area, read.envelope.source, read.envelope.id] = read.digest

    def _coalesce(self, applied: Applied, event: ResourcePositioned) -> None:
        spot = (event.position.lat, event.position.lon, event.observed_at)
        spots = applied.positions.setdefault(event.area, {})
        known = spots.get(event.resource)
        if known is None or known[2] < spot[2]:
            spots[event.resource] = spot

    def _repeated(self, applied: Applied, item: Item, read: Readable, known: Known) -> bool:
        before = known.get((read.event.area, read.envelope.source, read.envelope.id))
        if before is None:
            return False
        if before == read.digest:
            applied.count(self._metrics.duplicates, item.record.topic)
        else:
            self._conflict(applied, item, read, before)
        return True

    async def _decide(self, connection: asyncpg.Connection, applied: Applied, item: Item, read: Readable) -> bool:
        """Whether the record was accepted."""
        unit, event = applied.unit, read.event
        if missing := unknown_division(unit.states[event.area], event):
            why = Unreadable("UNKNOWN_DIVISION", missing, "district is not registered", read.envelope)
            self._unreadable(applied, item, why)
            return False
        if isinstance(event, PolicyAdopted) and not await self._adoptable(connection, event.version):
            why = Unreadable("UNKNOWN_POLICY", "version", "policy version is not stored or not readable", read.envelope)
            self._unreadable(applied, item, why)
            return False
        await self._adopt_positions(connection, applied, item, read)
        await self._adopt_routes(applied, item, read)
        unit.decide_input(item.record, read, item.now)
        if isinstance(event, PolicyAdopted):
            unit.policies[event.area] = await self._areas.policies.get(connection, event.version)
        return True

    def _unreadable(self, applied: Applied, item: Item, why: Unreadable) -> None:
        unit = applied.unit
        applied.count(self._metrics.dead_letters, item.record.topic, why.code)
        area = item.area if item.area in unit.heads and unit.heads[item.area].seq else None
        unit.letter(item.record, area, "unreadable", why, item.now)
        if area is not None and item.record.topic in LIFE_CRITICAL:
            record, path = item.record, plain(why.path, 200)
            told = InputUnreadable(
                topic=record.topic, partition=record.partition, offset=record.offset, code=why.code, path=path
            )
            unit.happened(area, told, f"unreadable:{record.topic}:{record.partition}:{record.offset}", item.now)

    def _conflict(self, applied: Applied, item: Item, read: Readable, before: bytes) -> None:
        unit = applied.unit
        applied.count(self._metrics.conflicts)
        record, envelope = item.record, read.envelope
        why = Unreadable("ID_CONFLICT", "ce_id", "same source and id as an accepted record, other content", envelope)
        unit.letter(record, read.event.area, "conflict", why, item.now)
        told = IdentityConflicted(
            source=envelope.source, id=envelope.id, first_digest=before.hex(), other_digest=read.digest.hex()
        )
        unit.happened(read.event.area, told, f"conflict:{record.topic}:{record.partition}:{record.offset}", item.now)

    async def _adoptable(self, connection: asyncpg.Connection, version: str) -> bool:
        try:
            await self._areas.policies.get(connection, version)
        except UnknownPolicyError:
            return False
        return True

    async def _adopt_positions(
        self, connection: asyncpg.Connection, applied: Applied, item: Item, read: Readable
    ) -> None:
        """Positions enter the state only when a decision needs them, and are recorded with it."""
        area = read.event.area
        kinds = kinds_wanted(read.event)
        if not kinds:
            return
        stored = await self._areas.positions(connection, applied.unit.heads[area])
        positions = dict(stored)
        for resource, spot in applied.positions.get(area, {}).items():
            if resource not in positions or positions[resource][2] < spot[2]:
                positions[resource] = spot
        if positions and (event := adopt_positions(applied.unit.states[area], positions, kinds)) is not None:
            record = item.record
            id = f"positions:{record.topic}:{record.partition}:{record.offset}"
            applied.unit.happened(area, event, id, item.now)

    async def _adopt_routes(self, applied: Applied, item: Item, read: Readable) -> None:
        """Routed travel times, where an engine is configured and answers: recorded before the decision uses them."""
        router, unit, event = self._router, applied.unit, read.event
        if router is None or not router.willing or not isinstance(event, ResourceRequested):
            return
        area = event.area
        state, policy, now = unit.states[area], unit.policies[area], max(unit.heads[area].now, item.now)
        questions = routes_wanted(state, event, policy, now)
        answers = await router.ask(questions) if questions else None
        if answers is None:
            return
        home = area_of(state)
        law = policy.allocation.at(home.id, home.province, home.timezone, now)
        adopted = routes_adopted(event, router.provider, law, list(zip(questions, answers, strict=True)))
        if adopted is not None:
            record = item.record
            unit.happened(area, adopted, f"routes:{record.topic}:{record.partition}:{record.offset}", item.now)

    def _count_foreign(self, applied: Applied, item: Item, head: Head) -> None:
        if item.record.partition != head.partition or item.record.key != head.area.encode():
            applied.count(self._metrics.foreign_keys, item.record.topic)
