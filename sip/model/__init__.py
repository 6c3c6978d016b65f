"""What can be declared: trunks, and the dispatch rules that send their calls to an agent."""

from sip.model.resource import Media, Resource, label
from sip.model.rule import Agent, DispatchRule, Room
from sip.model.trunk import InboundTrunk, OutboundTrunk, Trunk

__all__ = [
    "Agent",
    "DispatchRule",
    "InboundTrunk",
    "Media",
    "OutboundTrunk",
    "Resource",
    "Room",
    "Trunk",
    "label",
]
