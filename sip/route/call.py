"""A call that comes in, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from sip.deployment import Deployed
from sip.match import IPAddress, challenges
from sip.model import DispatchRule, InboundTrunk, Resource

RINGING_S = 180.0
"""How long livekit-sip lets a caller wait for an agent when no trunk says."""

Outcome = Literal[
    "accepted", "asked-for-pin", "wrong-pin", "dropped", "wrong-password", "unavailable", "crash"
]
R_co = TypeVar("R_co", bound=Resource, covariant=True)


@dataclass(frozen=True)
class IncomingCall:
    """What an INVITE says, as the carrier writes it."""

    from_number: str
    to_number: str
    """The user part of the To header, not of the request URI."""
    source_ip: IPAddress | None = None
    """Where the INVITE comes from; None is an address that every trunk lets in."""
    from_host: str | None = None
    """The From header's host, which the caller chooses."""
    pin: str | None = field(default=None, repr=False)
    """What the caller types when asked; empty is `#` alone; None has not typed yet."""
    authenticated: bool = True
    """Whether the caller knows the trunk's password."""


@dataclass(frozen=True)
class Lost(Generic[R_co]):
    """A trunk or rule that does not take the call."""

    item: Deployed[R_co]
    reason: str
    """In a word, such as `caller`."""
    sentence: str


@dataclass(frozen=True)
class Route:
    """What becomes of a call."""

    call: IncomingCall
    outcome: Outcome
    trunk: Deployed[InboundTrunk] | None = None
    lost_trunks: tuple[Lost[InboundTrunk], ...] = ()
    rule: Deployed[DispatchRule] | None = None
    lost_rules: tuple[Lost[DispatchRule], ...] = ()

    @property
    def answers(self) -> bool:
        """Whether somebody may answer the phone."""
        return self.outcome in ("accepted", "asked-for-pin")

    @property
    def challenged(self) -> bool:
        """Whether the caller must name a password (407)."""
        return self.trunk is not None and challenges(self.trunk.resource)

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that join the call; none means every worker without a name."""
        return tuple(agent.name for agent in self.rule.resource.agents) if self.rule else ()

    @property
    def persona(self) -> str | None:
        """The persona that the rule names; else the bot chooses by the number."""
        return self.rule.resource.persona if self.rule else None

    @property
    def room(self) -> str | None:
        """The room; with `_` and a random ending where the rule makes a new one for every call."""
        return _room(self.rule.resource, self.call) if self.rule else None

    @property
    def experience(self) -> str:
        """What the phone gets, in one sentence."""
        before = "is asked for the trunk's password (407), then " if self.challenged else ""
        after = ""
        if self.trunk is None and self.answers:
            after = ", though no trunk has let the call in: neither address nor password is asked"
        return f"The caller {before}{self._ending}{after}."

    @property
    def _ending(self) -> str:
        own = self.trunk.resource.ringing_timeout_s if self.trunk else None
        match self.outcome:
            case "accepted":
                return (
                    "hears ringing (180) until an agent speaks (200), "
                    f"or busy (486) after {own or RINGING_S:g} s"
                )
            case "asked-for-pin":
                return "is answered at once (200) and asked for a pin"
            case "wrong-pin":
                return "is answered at once (200), told that the pin is wrong, and hung up on"
            case "wrong-password":
                return "is refused (401): the password is wrong"
            case "unavailable":
                return "is told to try again later (503)"
            case "crash":
                return (
                    "is told to try again later (503), and livekit-server itself ends (v1.13.5): "
                    "the rule hides numbers, and the From header has none"
                )
            case "dropped":
                return "hears ringing (180) and nothing ever after: no rule takes the call"


def _room(rule: DispatchRule, call: IncomingCall) -> str:
    if rule.type == "direct":
        return rule.room_name
    number = call.to_number if rule.type == "callee" else call.from_number
    if rule.hide_phone_number and rule.type == "individual":
        number = number[-4:] if len(number) > 4 else number[-1:]
    return f"{rule.room_prefix}_{number}" if rule.room_prefix else number
