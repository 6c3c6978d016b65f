"""What LiveKit has now, ours and others', in the declarations' own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from sip.model import DispatchRule, InboundTrunk, OutboundTrunk, Resource

R_co = TypeVar("R_co", bound=Resource, covariant=True)


@dataclass(frozen=True)
class Deployed(Generic[R_co]):
    """One trunk or rule on the server."""

    id: str
    resource: R_co
    owner_name: str | None
    """The declaration it belongs to, from our mark; None when it is not ours."""
    undeclared: tuple[str, ...] = ()
    """Fields set on the server that a declaration cannot say; a replace removes them."""
    trunk_ids: tuple[str, ...] = ()
    """Of a rule: the ids that its trunks stand for."""


@dataclass(frozen=True)
class Deployment:
    """All trunks and dispatch rules of one LiveKit project."""

    inbound_trunks: tuple[Deployed[InboundTrunk], ...] = ()
    outbound_trunks: tuple[Deployed[OutboundTrunk], ...] = ()
    rules: tuple[Deployed[DispatchRule], ...] = ()

    def __iter__(self) -> Iterator[Deployed[Resource]]:
        yield from self.inbound_trunks
        yield from self.outbound_trunks
        yield from self.rules

    def trunk_ids(self) -> dict[str, str]:
        """Ids of our inbound trunks by declared name; the lowest where a doubled run left two."""
        latest_first = sorted(self.inbound_trunks, key=lambda trunk: trunk.id, reverse=True)
        return {trunk.owner_name: trunk.id for trunk in latest_first if trunk.owner_name}
