"""/healthz, /readyz and /metrics of a worker, for each thing that can be wrong with it."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.runtime.http import HttpServer
from streams.runtime.lane import LaneState
from streams.settings import Settings
from streams.telemetry import Metrics


@dataclass
class StubLane:
    partition: int
    state: LaneState = LaneState.RUNNING
    busy_since: float | None = None
    failed_at: float | None = None


@dataclass
class StubLanes:
    """What readiness is made of."""

    assigned: bool = True
    database_seen: float = 0.0
    broker_seen: float = 0.0
    lanes: list[StubLane] = field(default_factory=lambda: [StubLane(0), StubLane(1)])

    def running(self) -> list[StubLane]:
        return [lane for lane in self.lanes if lane.state is LaneState.RUNNING]

    def lost(self) -> list[StubLane]:
        return [lane for lane in self.lanes if lane.state is LaneState.LOST]


@pytest.fixture
def lanes() -> StubLanes:
    now = time.monotonic()
    return StubLanes(database_seen=now, broker_seen=now)


@pytest.fixture
async def address(lanes: StubLanes) -> AsyncIterator[str]:
    server = HttpServer(Settings(http_port=0), Metrics("actual"), lanes)  # type: ignore[arg-type]
    await server.start()
    yield f"http://127.0.0.1:{server.port}"
    await server.stop()


async def get(address: str, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address + path) as response:
        return response.status, await response.text()


async def test_a_worker_with_nothing_wrong_is_ready(address: str) -> None:
    assert await get(address, "/readyz") == (200, '{"ready": true, "reasons": []}')
    assert (await get(address, "/healthz"))[0] == 200


async def test_a_spare_worker_without_partitions_is_ready(address: str, lanes: StubLanes) -> None:
    lanes.lanes.clear()
    assert (await get(address, "/readyz"))[0] == 200


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"assigned": False}, "rebalancing"),
        ({"database_seen": -9}, "database does not answer"),
        ({"broker_seen": -9}, "broker does not answer"),
        ({"lane": {"state": LaneState.LOST}}, "OFFSET_LOST in lanes [1]"),
        ({"lane": {"busy_since": -9}}, "lanes [1] have worked on one batch"),
        ({"lane": {"failed_at": -9}}, "lanes [1] failed and start over"),
    ],
)
async def test_each_thing_that_is_wrong_is_named(
    address: str, lanes: StubLanes, wrong: dict[str, object], reason: str
) -> None:
    for name, value in wrong.items():
        target, changes = (lanes.lanes[1], value) if name == "lane" else (lanes, {name: value})
        assert isinstance(changes, dict)
        for attribute, seconds in changes.items():
            setattr(target, attribute, time.monotonic() + seconds if type(seconds) is int else seconds)
    status, body = await get(address, "/readyz")
    assert status == 503
    told = json.loads(body)
    assert told["ready"] is False
    assert len(told["reasons"]) == 1
    assert reason in told["reasons"][0]
    assert (await get(address, "/healthz"))[0] == 200
    _, page = await get(address, "/metrics")
    samples = {s.name: s.value for f in text_string_to_metric_families(page) for s in f.samples}
    assert samples["liandong_ready"] == 0
    assert samples["liandong_offset_lost_lanes"] == ("LOST" in reason)


async def test_a_lane_that_failed_long_ago_has_healed(address: str, lanes: StubLanes) -> None:
    lanes.lanes[0].failed_at = time.monotonic() - 60
    assert (await get(address, "/readyz"))[0] == 200
