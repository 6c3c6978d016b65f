"""`python -m lab.gateway --config FILE`: the SIP gateway, until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from lab.errors import LabError
from lab.gateway.bus import Bus
from lab.gateway.config import GatewayConfig
from lab.gateway.dispatch import CallRules
from lab.gateway.health import health_port
from lab.gateway.psrpc import Client
from lab.gateway.room_leg import warm_up
from lab.gateway.service import SipInternal
from lab.gateway.signalling import SipPort


async def serve(config: GatewayConfig) -> None:
    """Takes calls until a signal ends it.

    Raises:
        PortTaken: the SIP or the health port is in use.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    bus = Bus(config.redis.address)
    sip = SipPort(config, CallRules(Client(bus, "IOInfo")))
    service = SipInternal(bus, sip)
    await warm_up()
    await sip.start()
    try:
        async with (
            health_port(config.health_port, bus.connected.is_set),
            asyncio.TaskGroup() as group,
        ):
            listener = group.create_task(bus.run())
            await stop.wait()
            listener.cancel()
    finally:
        await sip.stop()
        await service.close()
        await bus.close()


def main() -> int:
    """Parses the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON, keys as livekit-sip's")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("livekit").setLevel(logging.WARNING)  # room names can hold phone numbers
    try:
        asyncio.run(serve(GatewayConfig.load(arguments.config)))
    except LabError as error:
        logging.getLogger("lab.gateway").error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
