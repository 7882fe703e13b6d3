"""Routing engines: one call to a table service for a request's shortlist, with a time-out and the formula behind it.

OSRM `table` and Valhalla `sources_to_targets`. The answer goes into the record before the decision (see
streams/domain/allocation/routes.py); an engine that is slow, wrong or away costs one time-out, then it is left alone
for a while.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

import aiohttp
import structlog

from schemas.base import Point
from streams.domain.allocation.routes import Question
from streams.telemetry import Metrics

log = structlog.get_logger("routing")
LEFT_ALONE_S = 5.0
"""How long an engine that failed is not asked again."""
MOST_BYTES = 1_000_000
Clock = Callable[[], float]


class RoutingError(Exception):
    """The engine's answer is not what its interface promises."""


class Engine(Protocol):
    """A table service: driving seconds from many places to one, None where there is no way."""

    name: str

    def seconds(self, session: aiohttp.ClientSession, origins: Sequence[Point], to: Point) -> Awaitable[list[Any]]:
        """Raises RoutingError, aiohttp.ClientError, ValueError."""


class Osrm:
    """OSRM: GET /table/v1/driving/{coordinates}."""

    name = "osrm"

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    async def seconds(self, session: aiohttp.ClientSession, origins: Sequence[Point], to: Point) -> list[Any]:
        """See Engine."""
        places = ";".join(f"{place.lon:.6f},{place.lat:.6f}" for place in (*origins, to))
        sources = ";".join(str(number) for number in range(len(origins)))
        url = f"{self._base}/table/v1/driving/{places}"
        query = {"sources": sources, "destinations": str(len(origins)), "annotations": "duration"}
        async with session.get(url, params=query, raise_for_status=True) as answer:
            table = await _json(answer)
        if table.get("code") != "Ok":
            raise RoutingError(f"OSRM says {table.get('code')}")
        return [row[0] for row in table["durations"]]


class Valhalla:
    """Valhalla: POST /sources_to_targets."""

    name = "valhalla"

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    async def seconds(self, session: aiohttp.ClientSession, origins: Sequence[Point], to: Point) -> list[Any]:
        """See Engine."""
        body = {
            "sources": [{"lat": place.lat, "lon": place.lon} for place in origins],
            "targets": [{"lat": to.lat, "lon": to.lon}],
            "costing": "auto",
        }
        url = f"{self._base}/sources_to_targets"
        async with session.post(url, json=body, raise_for_status=True) as answer:
            table = await _json(answer)
        return [row[0]["time"] for row in table["sources_to_targets"]]


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    if (answer.content_length or 0) > MOST_BYTES:
        raise RoutingError("the answer is too large")
    table = await answer.json(content_type=None)
    if not isinstance(table, dict):
        raise RoutingError("the answer is no object")
    return table


ENGINES: dict[str, Callable[[str], Engine]] = {"osrm": Osrm, "valhalla": Valhalla}
"""By the first part of the setting `routing`."""


class Router:
    """Asks one engine, briefly."""

    def __init__(self, engine: Engine, timeout_s: float, metrics: Metrics, clock: Clock = time.monotonic) -> None:
        self._engine = engine
        self._timeout_s = timeout_s
        self._metrics = metrics
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._silent_until = -math.inf
        self.provider = engine.name

    @property
    def willing(self) -> bool:
        """Whether the engine is asked now: one that failed is left alone for a while."""
        return self._clock() >= self._silent_until

    async def ask(self, questions: Sequence[Question]) -> list[list[float | None]] | None:
        """Seconds for each question's units, in order; None where the formula must do."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        started = self._clock()
        try:
            async with asyncio.timeout(self._timeout_s):
                answers = await asyncio.gather(*(self._one(self._session, question) for question in questions))
        except (TimeoutError, aiohttp.ClientError, RoutingError, ValueError, KeyError, IndexError, TypeError) as error:
            self._silent_until = self._clock() + LEFT_ALONE_S
            self._metrics.routing.labels(self._metrics.realm, self.provider, "failed").inc()
            log.warning("routing engine failed, the formula counts", engine=self.provider, error=repr(error)[:200])
            return None
        self._metrics.routing.labels(self._metrics.realm, self.provider, "answered").inc()
        self._metrics.routing_time.labels(self._metrics.realm).observe(self._clock() - started)
        return answers

    async def _one(self, session: aiohttp.ClientSession, question: Question) -> list[float | None]:
        found = await self._engine.seconds(session, [where for _, where in question.units], question.to)
        if len(found) != len(question.units):
            raise RoutingError("the answer has another length than the question")
        return [_drive(one) for one in found]

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def _drive(seconds: Any) -> float | None:
    """A driving time that can be believed; None where there is no way."""
    if seconds is None:
        return None
    drive = float(seconds)
    if not 0 <= drive < 1e6:  # noqa: PLR2004 - eleven days
        raise RoutingError(f"{drive} is no driving time")
    return drive


def router_for(setting: str, timeout_ms: int, metrics: Metrics) -> Router | None:
    """The router of a setting `osrm:URL` or `valhalla:URL`; None for an empty one."""
    if not setting:
        return None
    name, _, base = setting.partition(":")
    return Router(ENGINES[name](base), timeout_ms / 1000, metrics)
