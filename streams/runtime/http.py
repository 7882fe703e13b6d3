"""/metrics, /healthz and /readyz of one worker."""

import time

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.runtime.lanes import Lanes
from streams.settings import Settings
from streams.telemetry import Metrics

STALE_S = 5.0
FAILED_S = 15.0
"""A lane that has failed must go well for so long before it counts as healed."""


class HttpServer:
    """Answers from before the first assignment until after the last transaction."""

    def __init__(self, settings: Settings, metrics: Metrics, lanes: Lanes) -> None:
        self._settings = settings
        self._metrics = metrics
        self._lanes = lanes
        self._runner: web.AppRunner | None = None
        self.port = settings.http_port

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._metrics_page),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._settings.http_host, self._settings.http_port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def reasons(self) -> list[str]:
        """Why this worker is not ready; empty when it is."""
        now = time.monotonic()
        why = []
        if not self._lanes.assigned:
            why.append("not in the group yet, or rebalancing, or waiting for stored positions")
        if now - self._lanes.database_seen > STALE_S:
            why.append("database does not answer")
        if now - self._lanes.broker_seen > STALE_S:
            why.append("broker does not answer")
        if lost := self._lanes.lost():
            why.append(f"OFFSET_LOST in lanes {[lane.partition for lane in lost]}: run `liandong doctor`")
        stuck = [
            lane.partition for lane in self._lanes.running() if lane.busy_since and now - lane.busy_since > STALE_S
        ]
        if stuck:
            why.append(f"lanes {stuck} have worked on one batch for more than {STALE_S:.0f} s")
        failed = [
            lane.partition for lane in self._lanes.running() if lane.failed_at and now - lane.failed_at < FAILED_S
        ]
        if failed:
            why.append(f"lanes {failed} failed and start over: see the log")
        return why

    async def _metrics_page(self, _: web.Request) -> web.Response:
        self._metrics.lost.labels(self._settings.realm).set(len(self._lanes.lost()))
        self._metrics.ready.labels(self._settings.realm).set(0 if self.reasons() else 1)
        body = generate_latest(self._metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def _readyz(self, _: web.Request) -> web.Response:
        why = self.reasons()
        return web.json_response({"ready": not why, "reasons": why}, status=503 if why else 200)
