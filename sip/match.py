"""How LiveKit compares a call with a trunk or a rule (livekit/protocol, sip/sip.go).

A trunk's numbers are compared normalised, a rule's letter by letter. A trunk's addresses are ranges
or single addresses, and any of them may also be the From header's host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from sip.deployment import Deployed
from sip.model import DispatchRule, InboundTrunk

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


def normalised(number: str) -> str:
    """As a trunk's numbers are compared: without punctuation and with a plus; names stay."""
    if not re.fullmatch(r"\+?[\d\- ()]+", number, re.ASCII):
        return number
    return f"+{re.sub(r'[+ ()-]', '', number)}"


def lists(numbers: Iterable[str], number: str) -> bool:
    """Whether one of a trunk's numbers is `number`, however each is written."""
    return normalised(number) in {normalised(listed) for listed in numbers}


def as_compared(rule: DispatchRule, numbers: Iterable[str]) -> tuple[str, ...]:
    """A rule's numbers as they are deployed, letter by letter."""
    return tuple(n.removeprefix("+") if rule.without_plus else n for n in numbers)


def is_heeded(address: str) -> bool:
    """Whether LiveKit heeds an allowed address: others are dropped, and of a list that has none
    left every address is let in."""
    return not re.search(r"[()+*;, \t\n\r]|://", address)


def network(address: str) -> IPNetwork | None:
    """The addresses that an allowed address stands for; None when it can only be a host's name."""
    plain, slash, length = address.partition("/")
    if slash and (not re.fullmatch(r"0|[1-9]\d{0,2}", length) or "%" in plain):
        return None
    try:
        return ip_network(address, strict=False)
    except ValueError:
        return None


def lets_in(trunk: InboundTrunk, source: IPAddress | None, host: str | None) -> bool:
    """Whether a trunk's allowed addresses let a call in; an unknown source counts as let in."""
    heeded = [address for address in trunk.allowed_addresses if is_heeded(address)]
    if source is None or not heeded:
        return True
    ranges = [found for address in heeded if (found := network(address)) is not None]
    return (host or "") in heeded or any(source in addresses for addresses in ranges)


def challenges(trunk: InboundTrunk) -> bool:
    """Whether callers must know the trunk's password; half of the credentials asks for none."""
    return bool(trunk.auth_username and trunk.auth_password)


def serves(rule: Deployed[DispatchRule], trunk: Deployed[InboundTrunk]) -> bool:
    """Whether a rule names a trunk: by its id, or by our name for it where there is no id yet."""
    if rule.trunk_ids:
        return trunk.id in rule.trunk_ids
    return bool({trunk.owner_name, trunk.id} & set(rule.resource.trunks))
