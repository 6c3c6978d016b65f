"""How an emulated provider is served: one process, one loopback port, control API included."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

from aiohttp import web

from lab.faults import Control


def serve(build: Callable[[Control], web.Application], description: str) -> None:
    """Serves `build(control)` on 127.0.0.1 at `--port`, until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    async def application() -> web.Application:
        control = Control()
        app = build(control)
        app.add_routes(control.routes())
        return app

    web.run_app(
        application(),
        host="127.0.0.1",
        port=arguments.port,
        print=None,
        access_log=None,
        shutdown_timeout=1.0,  # a stalled answer must not hold up the end of the lab
    )
