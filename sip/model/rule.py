"""Dispatch rules: which agents answer the calls of which trunks, and in what room."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from sip.model.fields import Attributes, HiddenCredential, Name, Names, Numbers, Text
from sip.model.resource import Media, Resource, Table


class Agent(Table):
    """`RoomAgentDispatch`: an agent that joins the call's room."""

    name: Name
    """The name that the worker registers under."""
    metadata: Text = ""
    """The job's metadata."""
    attributes: Attributes = Field(default_factory=dict)
    deployment: Text = ""
    """On LiveKit Cloud: which deployment of the agent."""
    restart_policy: Literal["on-failure", "never"] = "on-failure"


class Room(Table):
    """`RoomConfiguration` without its agents."""

    name: Text = ""
    empty_timeout_s: int = Field(default=0, ge=0)
    departure_timeout_s: int = Field(default=0, ge=0)
    max_participants: int = Field(default=0, ge=0)
    metadata: Text = ""
    min_playout_delay_ms: int = Field(default=0, ge=0)
    max_playout_delay_ms: int = Field(default=0, ge=0)
    sync_streams: bool = False
    tags: Attributes = Field(default_factory=dict)
    egress: dict[str, Any] = Field(default_factory=dict)
    """`RoomEgress`, as protojson."""


class DispatchRule(Resource):
    """Where a call goes that a trunk has let in."""

    kind: ClassVar[str] = "dispatch rule"

    trunks: Names
    """Names of inbound trunks. With none it takes calls that no trunk has let in."""
    numbers: Numbers = ()
    """Called numbers that it answers; none means all of its trunks."""
    inbound_numbers: Numbers = ()
    """*Callers* that it answers; none means everybody."""
    without_plus: bool = False
    """Whether the carrier sends numbers without the plus: a rule compares letter by letter."""
    type: Literal["individual", "direct", "callee"] = "individual"
    """A room for each caller, one room for all, or one for each called number."""
    room_name: Text = ""
    room_prefix: Text = "call-"
    randomize: bool = True
    """Whether every call gets a room of its own, by a random ending of the room's name."""
    pin: HiddenCredential = None
    """Asked of the caller by keypad before anything else."""
    hide_phone_number: bool = False
    attributes: Attributes = Field(default_factory=dict)
    """Given to the caller's participant."""
    room_preset: Text = ""
    room: Room = Room()
    agents: tuple[Agent, ...] = ()
    media: Media = Media()
    krisp_enabled: bool = False
    metadata: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: Any) -> Any:
        """`agent = "NAME"`, with or without `persona = "NAME"`, is one entry of `agents`."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        kind = values.get("type", "individual")
        values.setdefault("randomize", kind == "individual")
        values.setdefault("room_prefix", "" if kind == "direct" else "call-")
        agent, persona = values.pop("agent", None), values.pop("persona", None)
        if agent is None and persona is None:
            return values
        if "agents" in values:
            raise ValueError("agent and agents exclude each other; write one of them")
        if agent is None:
            raise ValueError("persona goes with agent; name the agent that speaks as it")
        entry: dict[str, Any] = {"name": agent}
        if persona is not None:
            entry["metadata"] = json.dumps({"persona": persona})
        return {**values, "agents": [entry]}

    @model_validator(mode="after")
    def _room_fits_the_type(self) -> Self:
        if self.type == "direct" and not self.room_name:
            raise ValueError("type direct needs room_name, the one room for all callers")
        if self.type == "direct" and (self.room_prefix or self.randomize):
            raise ValueError("type direct has one room; remove room_prefix and randomize")
        if self.type != "direct" and self.room_name:
            raise ValueError(f"type {self.type} makes rooms; write room_prefix for room_name")
        return self

    @property
    def persona(self) -> str | None:
        """The persona that the first agent's metadata asks for."""
        try:
            wanted = json.loads(self.agents[0].metadata) if self.agents else None
        except ValueError:
            return None
        found = wanted.get("persona") if isinstance(wanted, dict) else None
        return found if isinstance(found, str) else None
