"""`bot-admin route`: where a call would go, and why nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import sip
from bot_admin.command import FAILED, USAGE, OperatorError, command
from bot_admin.deployed import deployed
from bot_admin.output import show, show_json

if TYPE_CHECKING:
    from sip.deployment import Deployed
    from sip.match import IPAddress
    from sip.model import Resource
    from sip.route import Route

app = typer.Typer()


@command(app)
async def route(
    context: typer.Context,
    from_number: Annotated[
        str, typer.Option("--from", help="The caller, letter by letter as the carrier writes it.")
    ],
    to_number: Annotated[
        str, typer.Option("--to", help="The number called, as the carrier writes it.")
    ],
    ip: Annotated[str, typer.Option(help="Where the INVITE comes from; else: allowed.")] = "",
    from_host: Annotated[str, typer.Option(help="The host in the From header.")] = "",
    pin: Annotated[
        str | None, typer.Option(help='What the caller types when asked; "" is # alone.')
    ] = None,
    declared: Annotated[
        bool, typer.Option("--declared", help="On what provisioning would result in.")
    ] = False,
    declarations: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder of *.toml.", show_default="sip/"),
    ] = Path(sip.__file__).parent,
    as_json: Annotated[bool, typer.Option("--json", help="Print for programs.")] = False,
) -> None:
    """Show which trunk, dispatch rule, agent and persona a call would get, and why no other.

    Decides as livekit-server does and calls nobody. Ends with 1 if the call would not be answered.
    """
    source = _ip_address(ip)
    deployment = await deployed(context, declarations if declared else None)
    from sip.route import IncomingCall  # noqa: PLC0415
    from sip.route import route as route_of  # noqa: PLC0415

    call = IncomingCall(from_number, to_number, source, from_host or None, pin)
    found = route_of(deployment, call)
    persona = _persona(context, found)
    if as_json:
        show_json(_data(found, persona))
    else:
        show("\n".join(_lines(found, persona)))
    if not found.answers:
        raise typer.Exit(FAILED)


def _ip_address(text: str) -> IPAddress | None:
    from ipaddress import ip_address  # noqa: PLC0415

    try:
        return ip_address(text) if text else None
    except ValueError:
        raise OperatorError(
            f"--ip {text} is no IP address; write one such as 192.0.2.7.", USAGE
        ) from None


def _persona(context: typer.Context, found: Route) -> str | None:
    """Who the bot would be: as the rule says, else by the number, if it is told the number."""
    from bot.persona import PersonaError, Personas  # noqa: PLC0415
    from bot.settings import BackboardSettings, SettingsError  # noqa: PLC0415

    if found.rule is None:
        return None
    try:
        personas = Personas.load(BackboardSettings.load(context.obj).personas_dir)
    except (PersonaError, SettingsError):
        return found.persona
    if found.persona and personas.named(found.persona):
        return found.persona
    hidden = found.rule.resource.hide_phone_number
    return personas.for_number(None if hidden else found.call.to_number).name


def _lines(found: Route, persona: str | None) -> Iterator[str]:
    steps = [found.call.to_number or "no number", _name("trunk", found.trunk)]
    steps.append(_name("rule", found.rule))
    if found.rule is not None:
        agents = ", ".join(found.agents)
        steps.append(f"agent {agents}" if agents else "every agent without a name")
        steps.append(f"persona {persona}" if persona else "a persona of the agent's choice")
    yield " -> ".join(steps)
    yield found.experience
    if found.room and found.rule:
        ending = "_…" if found.rule.resource.randomize else ""
        yield f"Room: {found.room}{ending}"
    if found.call.source_ip is None and _guarded(found):
        yield "Without --ip every address counts as allowed."
    if found.lost_trunks or found.lost_rules:
        yield ""
    for lost in (*found.lost_trunks, *found.lost_rules):
        yield f"Not {_named(lost.item)}: {lost.sentence}."


def _guarded(found: Route) -> bool:
    return found.trunk is not None and bool(found.trunk.resource.allowed_addresses)


def _name(word: str, item: Deployed[Resource] | None) -> str:
    return f'{word} "{item.resource.name}"' if item else f"no {word}"


def _named(item: Deployed[Resource]) -> str:
    from sip.model import label  # noqa: PLC0415

    return f"{label(item.resource)} ({item.id})" if item.id else label(item.resource)


def _data(found: Route, persona: str | None) -> dict[str, Any]:
    return {
        "outcome": found.outcome,
        "answers": found.answers,
        "experience": found.experience,
        "challenged": found.challenged,
        "trunk": _item(found.trunk),
        "rule": _item(found.rule),
        "agents": list(found.agents),
        "persona": persona,
        "room": found.room,
        "room_is_new": found.rule.resource.randomize if found.rule else None,
        "lost": [
            {**_item(lost.item), "reason": lost.reason, "sentence": lost.sentence}
            for lost in (*found.lost_trunks, *found.lost_rules)
        ],
    }


def _item(item: Deployed[Resource] | None) -> Any:
    if item is None:
        return None
    resource = item.resource
    return {"kind": resource.kind, "name": resource.name, "id": item.id or None}
