"""Lints of single dispatch rules: whose calls they take, and who is there to talk."""

from __future__ import annotations

from collections.abc import Iterator

from sip.lint.finding import Flaw, Scene, lint_for


@lint_for(
    "rule-without-trunk",
    "error",
    why="LiveKit gives it the calls that no trunk has let in, without asking for address or "
    "password, so that anybody can use the bot",
    remedy="name its trunks; LiveKit's own phone numbers have none, so allow it there",
)
def rule_without_trunk(scene: Scene) -> Iterator[Flaw]:
    """Rules that take every call."""
    for rule in scene.deployment.rules:
        if not rule.resource.trunks:
            yield rule, "names no trunk"


@lint_for(
    "dangling-trunk",
    "error",
    why="It takes no calls of that trunk, and with the last name taken away it takes everybody's",
    remedy="remove the trunk from the rule, or the rule",
)
def dangling_trunk(scene: Scene) -> Iterator[Flaw]:
    """Rules of trunks that are gone."""
    trunks = scene.deployment.inbound_trunks
    ids, names = {trunk.id for trunk in trunks}, {trunk.owner_name for trunk in trunks}
    for rule in scene.deployment.rules:
        missing = [name for name in rule.trunk_ids if name not in ids]
        if not rule.trunk_ids:
            missing = [name for name in rule.resource.trunks if name not in ids | names]
        if missing:
            yield rule, f"names {', '.join(missing)}, which is not there"


@lint_for(
    "rule-without-agent",
    "error",
    why="LiveKit then dispatches every worker that has registered without a name, or nobody",
    remedy='name one: agent = "hotline"',
)
def rule_without_agent(scene: Scene) -> Iterator[Flaw]:
    """Rules that leave it to chance who answers."""
    for rule in scene.deployment.rules:
        named = [agent for agent in rule.resource.agents if agent.name]
        if not rule.resource.room_preset and not named:
            yield rule, "names no agent"


@lint_for(
    "rule-names-agent-nobody-serves",
    "error",
    why="Callers would hear ringing and never be answered",
    remedy="put the worker's HOTLINE_AGENT_NAME and the rule's agent right",
)
def rule_names_agent_nobody_serves(scene: Scene) -> Iterator[Flaw]:
    """Rules with an agent that no worker registers as."""
    if scene.served_agents is None:
        return
    for rule in scene.deployment.rules:
        names = {agent.name for agent in rule.resource.agents if agent.name}
        if missing := sorted(names - scene.served_agents):
            yield rule, f"names the agent {', '.join(missing)}, which no worker serves"


@lint_for(
    "direct-room-shared",
    "warning",
    why="Callers hear each other, the agent joins only the first of them, and a second call from "
    "one number ends the first",
    remedy='write type = "individual", which gives every call a room of its own',
)
def direct_room_shared(scene: Scene) -> Iterator[Flaw]:
    """Rules that put several calls into one room."""
    for rule in scene.deployment.rules:
        if rule.resource.type == "direct":
            yield rule, f"puts every call into the room {rule.resource.room_name!r}"
        elif not rule.resource.randomize:
            whose = "called number" if rule.resource.type == "callee" else "caller"
            yield rule, f"puts every call of one {whose} into one room"


@lint_for(
    "hidden-caller-crash",
    "warning",
    why="livekit-server v1.13.5 shortens the number that it hides, and a call without one, whose "
    "From header has no user, ends the whole server",
    remedy="leave hide_phone_number out, or let in only known callers with allowed_numbers",
)
def hidden_caller_crash(scene: Scene) -> Iterator[Flaw]:
    """Rules by which one call can end all others."""
    known = {t.id for t in scene.deployment.inbound_trunks if t.resource.allowed_numbers}
    known |= {t.owner_name or "" for t in scene.deployment.inbound_trunks if t.id in known}
    for rule in scene.deployment.rules:
        trunks = set(rule.trunk_ids or rule.resource.trunks)
        only_known = rule.resource.inbound_numbers or (trunks and trunks <= known)
        if rule.resource.hide_phone_number and not only_known:
            yield rule, "hides numbers"
