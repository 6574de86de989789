"""The worker's web server: `/metrics` for Prometheus, `/healthz` (alive) and `/readyz` (restored, going, within lag)."""

from collections.abc import Callable, Sequence
from typing import Self

import orjson
from aiohttp import web

from engine.broker.settings import Settings
from engine.errors import UsageError
from engine.kafka.metrics import CONTENT_TYPE, Metrics

OK = 200
UNAVAILABLE = 503


class WebServer:
    """`async with WebServer(settings, metrics, unready)`; `unready` gives the reasons for not being ready. Port 0 serves nothing."""

    def __init__(self, settings: Settings, metrics: Metrics, unready: Callable[[], Sequence[str]]) -> None:
        self._settings = settings
        self._metrics = metrics
        self._unready = unready
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        if not self._settings.web_port:
            return self
        app = web.Application()
        app.add_routes(
            [
                web.get("/metrics", self._serve_metrics),
                web.get("/healthz", self._serve_health),
                web.get("/readyz", self._serve_readiness),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        bind, port = self._settings.web_bind, self._settings.web_port
        try:
            await web.TCPSite(self._runner, bind, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(
                f"the web server cannot use {bind}:{port} (GUERDON_WEB_BIND, GUERDON_WEB_PORT): {error}"
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    async def _serve_health(self, _: web.Request) -> web.Response:
        return _json(OK, {"alive": True})

    async def _serve_readiness(self, _: web.Request) -> web.Response:
        reasons = list(self._unready())
        return _json(UNAVAILABLE if reasons else OK, {"ready": not reasons, "reasons": reasons})


def _json(status: int, body: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
