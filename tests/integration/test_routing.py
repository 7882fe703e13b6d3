"""AL-TRAVEL: OSRM's and Valhalla's table services over HTTP: answers, time-out, nonsense, and being left alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from prometheus_client import generate_latest

from schemas.base import Point
from streams.domain.allocation.routes import Question
from streams.runtime.routing import LEFT_ALONE_S, Router, router_for
from streams.telemetry import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UNITS = (("U1", Point(lat=30.1, lon=114.1)), ("U2", Point(lat=30.2, lon=114.2)))
QUESTION = Question(1, "ambulance", UNITS, Point(lat=30.0, lon=114.0))


class FakeEngine:
    """Both services as their documentation describes them; `answer` replaces what they say."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.delay_s = 0.0
        self.answer: Any = None
        self.status = 200
        self.base = ""

    async def osrm(self, request: web.Request) -> web.Response:
        self.asked.append((request.match_info["places"], dict(request.query)))
        await asyncio.sleep(self.delay_s)
        table = {"code": "Ok", "durations": [[61.5], [None]]}
        return web.json_response(table if self.answer is None else self.answer, status=self.status)

    async def valhalla(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        rows = [[{"time": 61, "from_index": 0, "to_index": 0}], [{"time": None, "from_index": 1, "to_index": 0}]]
        return web.json_response({"sources_to_targets": rows, "units": "kilometers"})


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    fake = FakeEngine()
    app = web.Application()
    app.router.add_get("/table/v1/driving/{places}", fake.osrm)
    app.router.add_post("/sources_to_targets", fake.valhalla)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.base = f"http://{host}:{port}"
    yield fake
    await runner.cleanup()


def router(setting: str, timeout_ms: int = 2000) -> Router:
    found = router_for(setting, timeout_ms, Metrics("actual"))
    assert found is not None
    return found


async def test_osrm_is_asked_once_for_the_whole_shortlist(engine: FakeEngine) -> None:
    one = router(f"osrm:{engine.base}")
    try:
        assert await one.ask([QUESTION]) == [[61.5, None]]
    finally:
        await one.close()
    ((places, query),) = engine.asked
    assert places == "114.100000,30.100000;114.200000,30.200000;114.000000,30.000000"
    assert query == {"sources": "0;1", "destinations": "2", "annotations": "duration"}


async def test_valhalla_is_asked_for_sources_to_targets(engine: FakeEngine) -> None:
    one = router(f"valhalla:{engine.base}/")
    try:
        assert await one.ask([QUESTION]) == [[61.0, None]]
    finally:
        await one.close()
    (body,) = engine.asked
    assert (body["targets"], len(body["sources"]), body["costing"]) == ([{"lat": 30.0, "lon": 114.0}], 2, "auto")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {}),
        (200, []),
        (200, {"code": "NoTable"}),
        (200, {"code": "Ok", "durations": [[1.0]]}),
        (200, {"code": "Ok", "durations": [[-1.0], [2.0]]}),
        (200, {"code": "Ok", "durations": [["soon"], [2.0]]}),
        (200, {"code": "Ok"}),
    ],
)
async def test_an_answer_that_cannot_be_believed_leaves_the_formula(
    engine: FakeEngine, status: int, answer: Any
) -> None:
    engine.status, engine.answer = status, answer
    one = router(f"osrm:{engine.base}")
    try:
        assert await one.ask([QUESTION]) is None
        assert not one.willing
    finally:
        await one.close()


async def test_a_slow_engine_costs_one_time_out_and_is_then_left_alone(engine: FakeEngine) -> None:
    clock = [100.0]
    metrics = Metrics("actual")
    template = router(f"osrm:{engine.base}")
    one = Router(template._engine, 0.05, metrics, lambda: clock[0])
    engine.delay_s = 5.0
    try:
        started = asyncio.get_running_loop().time()
        assert await one.ask([QUESTION]) is None
        assert asyncio.get_running_loop().time() - started < 2
        assert not one.willing
        clock[0] += LEFT_ALONE_S
        assert one.willing
        engine.delay_s = 0.0
        one._timeout_s = 2.0
        assert await one.ask([QUESTION]) == [[61.5, None]]
    finally:
        await one.close()
    text = generate_latest(metrics.registry).decode()
    assert 'liandong_routing_requests_total{engine="osrm",outcome="failed",realm="actual"} 1.0' in text
    assert 'liandong_routing_requests_total{engine="osrm",outcome="answered",realm="actual"} 1.0' in text


async def test_an_engine_that_is_away_leaves_the_formula() -> None:
    one = router("osrm:http://127.0.0.1:9")
    try:
        assert await one.ask([QUESTION]) is None
    finally:
        await one.close()


def test_no_setting_means_no_engine() -> None:
    assert router_for("", 150, Metrics("actual")) is None
