"""Plays a scenario through real transactions on a real database, without a broker: what replay and views look at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from schemas.codec import encode
from schemas.envelope import stamp, write
from schemas.inputs.clock import ClockAdvanced
from schemas.topics import INPUT_TOPICS
from streams.runtime.areas import Areas
from streams.runtime.items import decode_record
from streams.runtime.records import Record
from streams.runtime.transaction import Transactions
from streams.runtime.unit import namespace
from streams.scenario.binder import Lookup
from streams.scenario.compile import record_of
from streams.scenario.fold import Observed
from streams.store.database import open_pool
from streams.store.migrate import migrate
from streams.store.policy_book import PolicyBook
from streams.store.sql import QUERIES
from streams.telemetry import Metrics

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    from streams.runtime.items import Applied, Item
    from streams.runtime.unit import Unit
    from streams.scenario.compile import Record as Sent
    from streams.scenario.model import Scenario, Send


class Recording:
    """One worker's transactions on one realm; keeps every record it was given, at the offset it had."""

    def __init__(self, scenario: Scenario, pool: asyncpg.Pool) -> None:
        self.scenario = scenario
        self.records: list[Record] = []
        self._observed: list[Observed] = []
        self._lookup = Lookup(scenario, self._observed)
        self._offsets: Counter[str] = Counter()
        self._now = scenario.start
        realm = scenario.realm
        self._transactions = Transactions(
            pool,
            Areas(PolicyBook()),
            Metrics(realm),
            realm=realm,
            namespace=namespace(realm),
            partitions=1,
            budget_s=10.0,
        )

    async def play(self) -> None:
        """The fixture in one transaction, then every step in its own."""
        await self._apply([self._item(send) for send in self.scenario.fixture])
        for step in self.scenario.steps:
            await self._advance(step.at)
            if step.send is not None:
                await self._apply([self._item(step.send)])
        await self._advance(self.scenario.end)

    def _item(self, send: Send) -> Item:
        return self._take(record_of(send, self._now, self._lookup))

    def _take(self, sent: Sent) -> Item:
        return self._record(sent.topic, sent.key, sent.value, sent.headers)

    def _record(self, topic: str, key: bytes, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> Item:
        offset = self._offsets[topic]
        self._offsets[topic] += 1
        record = Record(topic, 0, offset, int(self._now.timestamp() * 1000), key, value, headers)
        self.records.append(record)
        return decode_record(record, virtual_time=True)

    async def _advance(self, to: datetime) -> None:
        if to <= self._now:
            return
        area = self.scenario.names.area
        more = True
        while more:
            applied, more = await self._transactions.fire(area, to, None, limit=200)
            self._see(applied)
        self._now = to
        value = encode(ClockAdvanced(area=area, to=to))
        id = f"clock-{self._offsets['realm.clock']}"
        headers = write({"id": id, "source": "test/clock", "type": ClockAdvanced.TYPE, "virtualtime": stamp(to)})
        await self._apply([self._record("realm.clock", area.encode(), value, tuple(headers))])

    async def _apply(self, items: list[Item]) -> None:
        self._see(await self._transactions.apply(items, {}, {}, {}))

    def _see(self, applied: Applied) -> None:
        unit: Unit = applied.unit
        assert not unit.letters, unit.letters
        for decision in unit.decisions:
            for event in decision.events:
                number = len(self._observed)
                data = event.model_dump(mode="json")
                self._observed.append(Observed(event.TYPE, decision.area, self._now, number, data, decision.cause.id))


async def record(dsn: str, scenario: Scenario) -> list[Record]:
    """Play a scenario into an empty database; returns the records it was given."""
    await migrate(dsn, scenario.realm)
    pool = await open_pool(dsn, scenario.realm, size=2, idle_timeout_ms=60_000, statement_timeout_ms=60_000)
    try:
        async with pool.acquire() as connection:
            await PolicyBook().store_bundled(connection)
            offsets = ([*INPUT_TOPICS], [0] * len(INPUT_TOPICS), [0] * len(INPUT_TOPICS))
            await connection.execute(QUERIES["ensure_offsets"], *offsets)
        recording = Recording(scenario, pool)
        await recording.play()
        return recording.records
    finally:
        await pool.close()
