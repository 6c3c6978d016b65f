"""Lints of where calls may come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sip.lint.finding import Flaw, Scene, lint_for
from sip.match import challenges, is_heeded, network
from sip.model import InboundTrunk


@lint_for(
    "unguarded-trunk",
    "error",
    why="Whoever finds the gateway can call in: numbers are known, and no proof",
    remedy="set allowed_addresses to the carrier's ranges, or auth_username and auth_password",
)
def unguarded_trunk(scene: Scene) -> Iterator[Flaw]:
    """Trunks that let everybody in."""
    for trunk in scene.deployment.inbound_trunks:
        if not challenges(trunk.resource) and not _guards(trunk.resource):
            yield trunk, "asks for neither address nor password"


@lint_for(
    "address-by-host-name",
    "error",
    why="LiveKit compares a name with the From header's host, which the caller chooses",
    remedy="write the carrier's IP ranges",
)
def address_by_host_name(scene: Scene) -> Iterator[Flaw]:
    """Addresses that anybody can claim."""
    for trunk in scene.deployment.inbound_trunks:
        for address in trunk.resource.allowed_addresses:
            if network(address) is None and not _is_malformed(address):
                yield trunk, f"allows the host name {address!r}"


@lint_for(
    "malformed-address",
    "error",
    why="LiveKit drops what it cannot read, and a list with nothing left lets everybody in",
    remedy="write one CIDR range an entry, such as 192.0.2.0/24",
)
def malformed_address(scene: Scene) -> Iterator[Flaw]:
    """Addresses that are not heeded, or never match."""
    for trunk in scene.deployment.inbound_trunks:
        for address in trunk.resource.allowed_addresses:
            if _is_malformed(address):
                yield trunk, f"allows {address!r}, which is no address"


def _guards(trunk: InboundTrunk) -> bool:
    heeded = [address for address in trunk.allowed_addresses if is_heeded(address)]
    ranges = [network(address) for address in heeded]
    everything = any(addresses and addresses.prefixlen == 0 for addresses in ranges)
    return bool(heeded) and not everything


def _is_malformed(address: str) -> bool:
    like_an_address = re.search(r"[/\[\]]", address) or re.fullmatch(r"[\d.:]*", address)
    return not is_heeded(address) or (network(address) is None and bool(like_an_address))
