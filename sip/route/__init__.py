"""Where a call would go: livekit-server's matching, replayed step by step.

The sources are livekit/protocol, sip/sip.go, and livekit-server, pkg/service/ioservice_sip.go. The
open server drops a call in silence where LiveKit Cloud answers 404.
"""

from __future__ import annotations

from sip.deployment import Deployment
from sip.match import challenges
from sip.route.call import IncomingCall, Lost, Outcome, Route
from sip.route.rule import collisions, rule_of
from sip.route.trunk import trunk_of

__all__ = ["IncomingCall", "Lost", "Outcome", "Route", "route"]


def route(deployment: Deployment, call: IncomingCall) -> Route:
    """What becomes of a call on these trunks and rules."""
    trunk, lost_trunks = trunk_of(deployment.inbound_trunks, call)
    if any(lost.reason == "two-match" for lost in lost_trunks):
        return Route(call, "unavailable", lost_trunks=lost_trunks)
    if trunk is not None and challenges(trunk.resource) and not call.authenticated:
        return Route(call, "wrong-password", trunk, lost_trunks)
    if collision := tuple(collisions(deployment.rules, trunk)):
        return Route(call, "unavailable", trunk, lost_trunks, lost_rules=collision)
    rule, lost = rule_of(deployment.rules, trunk, call, None)
    if rule is not None and rule.resource.hide_phone_number and not call.from_number:
        return Route(call, "crash", trunk, lost_trunks, rule, lost)
    outcome: Outcome = "accepted" if rule is not None else "dropped"
    if rule is not None and rule.resource.pin:
        outcome = "asked-for-pin"
        if call.pin is not None:
            rule, lost = rule_of(deployment.rules, trunk, call, call.pin)
            outcome = "accepted" if rule is not None else "wrong-pin"
    return Route(call, outcome, trunk, lost_trunks, rule, lost)
