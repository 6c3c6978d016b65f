"""Lints of single trunks: how they count, how long they last, what they know of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from sip.lint.finding import Flaw, Scene, lint_for
from sip.match import lists, normalised
from sip.model import DispatchRule, InboundTrunk, OutboundTrunk, Resource
from sip.secret import Secret

SHORTEST_PASSWORD = 12
"""Characters."""


@lint_for(
    "number-without-plus",
    "warning",
    why="A dispatch rule compares letter by letter, and as a caller's number it cannot be dialled",
    remedy="write E.164 with the plus",
)
def number_without_plus(scene: Scene) -> Iterator[Flaw]:
    """Numbers that are not in E.164 form; our own cannot be, except by `without_plus`."""
    for item in scene.deployment:
        if item.owner_name is None:
            bare = [number for number in _numbers(item.resource) if normalised(number) != number]
            if bare:
                yield item, f"writes {', '.join(bare)}"


@lint_for(
    "unlimited-duration",
    "warning",
    why="A call that nobody ends goes on, and is paid for, for a day",
    remedy="set max_call_duration_s",
)
def unlimited_duration(scene: Scene) -> Iterator[Flaw]:
    """Trunks whose calls may last for ever."""
    for trunk in scene.deployment.inbound_trunks:
        if trunk.resource.max_call_duration_s is None:
            yield trunk, "has no max_call_duration_s"


@lint_for(
    "unlimited-ringing",
    "warning",
    why="When no agent answers, callers hear ringing for three minutes",
    remedy="set ringing_timeout_s, such as 20",
)
def unlimited_ringing(scene: Scene) -> Iterator[Flaw]:
    """Trunks on which callers may ring for minutes."""
    for trunk in scene.deployment.inbound_trunks:
        if trunk.resource.ringing_timeout_s is None:
            yield trunk, "has no ringing_timeout_s"


@lint_for(
    "weak-password",
    "warning",
    why="The log of livekit-sip holds an unsalted SHA-256 of it, from which it can be guessed",
    remedy=f"take {SHORTEST_PASSWORD} or more random characters",
)
def weak_password(scene: Scene) -> Iterator[Flaw]:
    """Passwords that are short, or the user's name."""
    for trunk in (*scene.deployment.inbound_trunks, *scene.deployment.outbound_trunks):
        password = trunk.resource.auth_password
        if not isinstance(password, Secret):
            continue
        if password == trunk.resource.auth_username:
            yield trunk, "has its user name for a password"
        elif len(password.value) < SHORTEST_PASSWORD:
            yield trunk, f"has a password of fewer than {SHORTEST_PASSWORD} characters"


@lint_for(
    "media-keys-in-clear",
    "warning",
    why="The keys of the encrypted media travel in the INVITE, for everybody on the way to read",
    remedy='set transport = "tls"',
)
def media_keys_in_clear(scene: Scene) -> Iterator[Flaw]:
    """Encrypted media whose keys are not."""
    for trunk in scene.deployment.outbound_trunks:
        if trunk.resource.media.encryption == "require" and trunk.resource.transport != "tls":
            yield trunk, f"requires encryption over transport {trunk.resource.transport}"


@lint_for(
    "callback-unanswered",
    "warning",
    why="People ring back the number that called them",
    remedy="give the number to an inbound trunk, or allow it where something else answers",
)
def callback_unanswered(scene: Scene) -> Iterator[Flaw]:
    """Numbers that call out and take no calls."""
    inbound = [trunk.resource for trunk in scene.deployment.inbound_trunks]
    if any(not trunk.numbers for trunk in inbound):
        return
    answered = [number for trunk in inbound for number in trunk.numbers]
    for trunk in scene.deployment.outbound_trunks:
        silent = [number for number in trunk.resource.numbers if not lists(answered, number)]
        if silent:
            yield trunk, f"calls as {', '.join(silent)}, which no inbound trunk takes calls for"


def _numbers(resource: Resource) -> tuple[str, ...]:
    match resource:
        case InboundTrunk():
            return (*resource.numbers, *resource.allowed_numbers)
        case OutboundTrunk():
            return resource.numbers
        case DispatchRule():
            numbers = (*resource.numbers, *resource.inbound_numbers)
            return tuple(n.removeprefix("+") if resource.without_plus else n for n in numbers)
    return ()
