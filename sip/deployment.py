"""What LiveKit has now, ours and others', in the declarations' own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from sip.model import DispatchRule, InboundTrunk, Resource

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
    narrowed: bool = False
    """A rule with a pin or number filters: it answers only some calls of its trunks."""


@dataclass(frozen=True)
class Deployment:
    """All inbound trunks and dispatch rules of one LiveKit project."""

    trunks: tuple[Deployed[InboundTrunk], ...] = ()
    rules: tuple[Deployed[DispatchRule], ...] = ()

    def trunk_ids(self) -> dict[str, str]:
        """Ids of our trunks by declared name; the lowest where a doubled run left two."""
        latest_first = sorted(self.trunks, key=lambda trunk: trunk.id, reverse=True)
        return {trunk.owner_name: trunk.id for trunk in latest_first if trunk.owner_name}
