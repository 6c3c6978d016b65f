"""What a lint is, and what it finds."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sip.deployment import Deployed, Deployment
from sip.model import Resource, label

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Scene:
    """What lints look at."""

    deployment: Deployment
    served_agents: frozenset[str] | None = None
    """Names that workers are known to register under; None is not known."""


Flaw = tuple[Deployed[Any], str]
"""A trunk or rule, and what is wrong with it: the rest of a sentence that begins with its name."""
Look = Callable[[Scene], Iterator[Flaw]]


@dataclass(frozen=True)
class Lint:
    """One thing that is looked for."""

    level: Level
    why: str
    """What comes of it."""
    remedy: str
    look: Look


LINTS: dict[str, Lint] = {}
"""All lints by their ids."""


def lint_for(lint_id: str, level: Level, *, why: str, remedy: str) -> Callable[[Look], Look]:
    """Puts a function among the lints."""

    def register(look: Look) -> Look:
        LINTS[lint_id] = Lint(level, why, remedy, look)
        return look

    return register


@dataclass(frozen=True)
class Finding:
    """One flaw of one trunk or rule."""

    lint: str
    level: Level
    where: str
    """Such as `inbound trunk "hotline" (ST_abc)`."""
    what: str
    why: str
    remedy: str
    ours: bool
    allowed: bool
    """Whether it is a deliberate exception."""

    @property
    def refuses(self) -> bool:
        """Whether nothing is changed because of it."""
        return self.level == "error" and self.ours and not self.allowed

    def __str__(self) -> str:
        level = f"allowed {self.level}" if self.allowed else self.level
        owner = "" if self.ours else ", not ours,"
        return (
            f"{level} {self.lint}: {self.where}{owner} {self.what}. {self.why}. "
            f"Remedy: {self.remedy}."
        )


def found(lint_id: str, flaw: Flaw, allow: Iterable[str]) -> Finding:
    """A flaw with all that its lint says of it."""
    item, what = flaw
    lint = LINTS[lint_id]
    return Finding(
        lint_id,
        lint.level,
        named(item),
        what,
        lint.why,
        lint.remedy,
        ours=item.owner_name is not None,
        allowed=lint_id in item.resource.allow or lint_id in set(allow),
    )


def named(item: Deployed[Resource]) -> str:
    """Such as `inbound trunk "hotline" (ST_abc)`; without an id when there is none yet."""
    return f"{label(item.resource)} ({item.id})" if item.id else label(item.resource)


def unknown(lint_ids: Iterable[str]) -> Iterator[str]:
    """A sentence for each that is no lint's id."""
    for lint_id in lint_ids:
        if lint_id not in LINTS:
            near = difflib.get_close_matches(lint_id, LINTS, n=1)
            offer = f"write {near[0]!r}" if near else f"use one of {', '.join(sorted(LINTS))}"
            yield f"there is no lint {lint_id!r}; {offer}"
