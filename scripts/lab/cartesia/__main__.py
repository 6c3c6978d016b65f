"""`python -m lab.cartesia --port N`: the emulated Cartesia on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from lab.cartesia.endpoints import Endpoints
from lab.cartesia.synthesis import Synthesis
from lab.emulator import serve
from lab.faults import Control
from lab.voice import Voice


def build(control: Control) -> web.Application:
    """The application; its voice is loaded before the port opens."""
    synthesis = Synthesis(Voice())
    endpoints = Endpoints(control, synthesis)

    async def voice(_: web.Application) -> AsyncIterator[None]:
        await synthesis.load()
        yield
        synthesis.close()

    async def goodbye(_: web.Application) -> None:
        await endpoints.close()

    app = web.Application()
    app.add_routes(endpoints.routes())
    app.cleanup_ctx.append(voice)
    app.on_shutdown.append(goodbye)
    return app


if __name__ == "__main__":
    serve(build, "Cartesia's text to speech on loopback, with an offline voice.")
