"""A plan as people read it, and as programs do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from sip.diff import Change
from sip.model import label
from sip.plan import Plan, describe
from sip.routing import paths

MOST_PATHS = 40
"""Lines of routing that a person reads."""
SIGNS = {"create": "+", "replace": "~", "delete": "-"}
_ABSENT = "none"


def as_data(plan: Plan) -> dict[str, Any]:
    """Plain JSON values, secrets masked."""
    return {
        "in_sync": plan.in_sync,
        "checksum": plan.checksum(),
        "counts": plan.counts(),
        "changes": [describe(change) for change in plan.changes],
        "leftover": [{"resource": label(o.resource), "id": o.id} for o in plan.leftover],
        "foreign": [{"resource": label(o.resource), "id": o.id} for o in plan.foreign],
        "routing": [asdict(path) for path in paths(plan.outcome)],
    }


def as_text(plan: Plan) -> str:
    """Lines for a terminal, secrets masked."""
    return "\n".join(_lines(plan))


def headline(change: Change) -> str:
    """Such as `~ inbound trunk "hotline" (ST_abc)`."""
    described = describe(change)
    object_id = f" ({described['id']})" if described["id"] else ""
    return f"{SIGNS[described['action']]} {described['resource']}{object_id}"


def _lines(plan: Plan) -> Iterator[str]:
    if plan.in_sync:
        yield "LiveKit is in sync with the declarations."
    else:
        counts = ", ".join(f"{count} to {action}" for action, count in plan.counts().items())
        yield f"Plan {plan.checksum()}: {counts}."
    for change in plan.changes:
        yield ""
        described = describe(change)
        yield f"{headline(change)}: {described['why']}"
        yield from _field_lines(described)
    yield from _routing_lines(plan)
    if plan.leftover or plan.foreign:
        yield ""
    for item in plan.leftover:
        yield f"Ours, not declared, kept without --prune: {label(item.resource)} ({item.id})"
    for item in plan.foreign:
        yield f"Not ours, left alone: {label(item.resource)} ({item.id})"


def _routing_lines(plan: Plan) -> Iterator[str]:
    found = list(paths(plan.outcome))
    if found:
        yield ""
        yield "Calls then go:"
    for path in found[:MOST_PATHS]:
        steps = [path.number or "any number", path.trunk, path.rule or "NO RULE: rings for ever"]
        steps += [", ".join(path.agents) or "any agent"] if path.rule else []
        steps += [path.persona] if path.persona else []
        only = f"   ({'; '.join(path.only)})" if path.only else ""
        yield f"    {' -> '.join(steps)}{only}"
    if len(found) > MOST_PATHS:
        yield f"    and {len(found) - MOST_PATHS} more: --json has them all"


def _field_lines(described: dict[str, Any]) -> Iterator[str]:
    width = max((len(name) for name in described["fields"]), default=0)
    for name, values in described["fields"].items():
        old, new = _text(values["from"]), _text(values["to"])
        shown = (
            f"{old} -> {new}" if described["action"] == "replace" else (values["to"] and new) or old
        )
        yield f"    {name:{width}}  {shown}"


def _text(value: object) -> str:
    if value is None or value in ([], ""):
        return _ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
