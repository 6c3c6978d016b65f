"""Which number reaches whom: the routing that a deployment results in, for people to check."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sip.deployment import Deployed, Deployment
from sip.model import DispatchRule, InboundTrunk


@dataclass(frozen=True)
class Path:
    """Where calls to one of our numbers go."""

    number: str
    trunk: str
    rule: str | None
    """None: no rule takes them, and callers hear ringing for ever."""
    agents: tuple[str, ...] = ()
    persona: str | None = None
    """The one that the rule names; else the bot chooses by the number."""
    only: tuple[str, ...] = ()
    """What else must hold, such as `with a pin`."""


def paths(deployment: Deployment) -> Iterator[Path]:
    """Every number of our inbound trunks with every rule that may take its calls."""
    by_trunk: dict[str, list[DispatchRule]] = defaultdict(list)
    for rule in deployment.rules:
        for name in rule.resource.trunks or ("",):
            by_trunk[name].append(rule.resource)
    for trunk in deployment.inbound_trunks:
        if trunk.owner_name is None:
            continue
        rules = [*by_trunk[trunk.owner_name], *by_trunk[trunk.id], *by_trunk[""]]
        for number in trunk.resource.numbers:
            yield from _paths(number, trunk, rules)


def _paths(number: str, trunk: Deployed[InboundTrunk], rules: list[DispatchRule]) -> Iterator[Path]:
    taking = [rule for rule in rules if not rule.numbers or number in rule.numbers]
    name = str(trunk.owner_name)
    if not taking:
        yield Path(number, name, None)
    for rule in taking:
        agents = tuple(agent.name for agent in rule.agents)
        yield Path(number, name, rule.name, agents, rule.persona, tuple(_conditions(rule)))


def _conditions(rule: DispatchRule) -> Iterator[str]:
    if rule.pin:
        yield "with the pin"
    if rule.inbound_numbers:
        yield f"from {', '.join(rule.inbound_numbers)}"
    if not rule.trunks:
        yield "also without any trunk"
