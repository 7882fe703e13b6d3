"""`liandong sync` between two installations: a node that acted by itself, and its city (AU-1)."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import asyncpg
import pytest

from schemas.inputs.nodes import LinkTried
from schemas.inputs.registers import NodeRegistered
from schemas.inputs.reports import Place
from schemas.inputs.requests import ResourceRequested
from schemas.inputs.resources import ResourceDeploymentReported
from streams.local.postgres import create_database, drop_database
from streams.runtime.startup import create_topics
from streams.settings import Settings
from streams.stack import WorkerProcess
from streams.store.migrate import migrate
from tests.acceptance.conftest import Console
from tests.support.running import until, wire
from tests.unit.intake_world import AREA, D, report
from tests.unit.node_world import NODE, UNITS, registers, request_lines, resources

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from schemas.base import InputEvent
    from tests.parts_server import KafkaPart, PostgresPart


@dataclass
class Installation:
    """Settings, worker, and what it was told."""

    settings: Settings
    worker: WorkerProcess

    async def tell(self, events: Iterable[InputEvent]) -> None:
        async with wire(self.settings) as producer:
            for event in events:
                await producer.send(event, uuid.uuid4().hex)

    async def rows(self, query: str, *args: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.settings.database, server_settings={"search_path": "actual"})
        try:
            return list(await connection.fetch(query, *args))
        finally:
            await connection.close()

    async def recorded(self, type: str) -> None:
        """Wait until an event of this type was recorded."""
        await until(lambda: self.rows("select 1 from recorder_event where type = $1", type), 90, type)

    async def holders(self) -> dict[str, str]:
        """The open commitment of every unit."""
        rows = await self.rows(
            "select id, body->>'resource' as resource from state where kind = 'commitment' and resident"
        )
        return {row["resource"]: row["id"] for row in rows}


@asynccontextmanager
async def installed(kafka: KafkaPart, server: PostgresPart, folder: Path, name: str) -> AsyncIterator[Installation]:
    """A realm `actual` of its own on the shared parts, its worker started and not awaited."""
    database = f"{name}_{uuid.uuid4().hex}"
    settings = Settings(
        brokers=kafka.bootstrap,
        broker_kind="kafka" if kafka.real else "embedded",
        database=server.dsn(database),
        deployment=f"{name}{uuid.uuid4().hex[:8]}",
        partitions=1,
        replication=1,
        http_port=0,
        session_timeout_s=6,
        rebalance_timeout_s=3,
    )
    await create_database(server.dsn_of_postgres, database)
    await asyncio.gather(migrate(settings.database, "actual"), create_topics(settings))
    worker = WorkerProcess(settings, folder, name).start()
    try:
        yield Installation(worker.settings, worker)
    finally:
        await asyncio.to_thread(worker.stop)
        await drop_database(server.dsn_of_postgres, database)


async def scraped(worker: WorkerProcess) -> str:
    async with aiohttp.ClientSession() as session, session.get(f"{worker.url}/metrics") as answer:
        return await answer.text()


def world() -> list[InputEvent]:
    return [*registers(UNITS), *resources()]


def request(id: str, **lines: int) -> ResourceRequested:
    place = Place(district=D)
    return ResourceRequested(
        area=AREA, request=id, unit="J-120", department="health", place=place, lines=request_lines(lines)
    )


def night() -> list[InputEvent]:
    """What the node takes in: a report, three tries in vain, a request, a departure, and the link again."""
    now = datetime.now(UTC)
    tried = LinkTried(area=AREA, unit="D-EM", to_unit="J-EM", observed_at=now)
    return [
        NodeRegistered(area=AREA, node=NODE, district=D, here=True),
        report(now, ["earthquake"], district=D, figures={"deaths": 1}),
        *(tried, tried, tried),
        request("R", ambulance=2),
        ResourceDeploymentReported(area=AREA, resource="AMB-D-1", step="departed", observed_at=now),
        tried.model_copy(update={"outcome": "delivered"}),
    ]


@pytest.mark.timeout(240)
async def test_a_nodes_log_is_moved_merged_once_and_may_be_moved_again(
    kafka: KafkaPart, pg_server: PostgresPart, tmp_path: Path
) -> None:
    """AU-1: the node's commitments stand, the city's contrary one is replanned, a repetition changes nothing."""
    async with (
        installed(kafka, pg_server, tmp_path, "node") as node,
        installed(kafka, pg_server, tmp_path, "city") as city,
    ):
        await asyncio.gather(node.tell([*world(), *night()]), city.tell([*world(), request("CITY", ambulance=1)]))
        await asyncio.gather(node.recorded("autonomy.exited.v1"), city.recorded("resource.committed.v1"))
        assert await city.holders() == {"AMB-D-1": "CITY/1/1"}
        console = Console(tmp_path, city.settings)
        options = (NODE, "--area", AREA, "--from-database", node.settings.database, "--json")

        moved = await asyncio.to_thread(lambda: console.real("sync", *options))
        told = moved.json
        assert told["merged"] == told["sent"] == told["entries"] > 5
        assert (told["conflicts"], told["set_aside"], told["unanswered"]) == (1, 0, 0)
        assert told["merged_up_to"] == told["position"]
        holders = await city.holders()
        kept = {resource: id for resource, id in holders.items() if id.startswith(NODE)}
        assert kept == {resource: f"{NODE}:{id}" for resource, id in (await node.holders()).items()}
        (replanned,) = [resource for resource, id in holders.items() if id.startswith("CITY")]
        assert replanned not in kept

        again = (await asyncio.to_thread(console.ok, "sync", *options)).json
        assert (again["sent"], again["merged_up_to"]) == (0, told["position"])
        await asyncio.to_thread(console.ok, "sync", *options, "--anew")
        assert await city.holders() == holders
        (count,) = await city.rows("select count(*) from recorder_event where type = 'autonomy.entry_merged.v1'")
        assert count[0] == told["entries"]

        await asyncio.to_thread(console.ok, "replay", "--decide")
        samples = (await scraped(city.worker)).splitlines()
        assert f'liandong_node_log_behind{{node="{NODE}",realm="actual"}} 0.0' in samples

        nobody = await asyncio.to_thread(
            console.run, "sync", "X-NODE", "--area", AREA, "--from-database", node.settings.database, "--json"
        )
        assert (nobody.code, nobody.json["set_aside"]) == (1, told["entries"])
        nowhere = "postgresql://127.0.0.1:1/nowhere"
        lost = await asyncio.to_thread(console.run, "sync", NODE, "--area", AREA, "--from-database", nowhere)
        assert lost.code == 3
        assert "next:" in lost.err
