"""The health port: whether calls can be taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from lab.errors import PortTaken
from lab.ports import LOOPBACK


@asynccontextmanager
async def health_port(port: int, ready: Callable[[], bool]) -> AsyncIterator[None]:
    """Serves `GET /` on loopback: 200 `OK` when `ready()`, else 503; raises PortTaken."""

    async def answer(_: web.Request) -> web.Response:
        if ready():
            return web.Response(text="OK")
        return web.Response(text="Not Ready", status=503)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, LOOPBACK, port).start()
        except OSError as error:
            raise PortTaken(
                f"Health port {port} is in use: stop what holds it or change health_port."
            ) from error
        yield
    finally:
        await runner.cleanup()
