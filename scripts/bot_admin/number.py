"""`bot-admin number`: LiveKit Cloud's phone numbers, found, bought, routed and given back."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from bot_admin.command import FAILED, USAGE, OperatorError, command
from bot_admin.e164 import e164
from bot_admin.output import show_json, show_rows, talk

if TYPE_CHECKING:
    from sip.deployment import Deployed
    from sip.model import DispatchRule
    from sip.phone_number import PhoneNumber
    from sip.remote import PhoneNumbers, Remote

app = typer.Typer(help="Finds, buys, routes and releases LiveKit Cloud's phone numbers.")


class Status(StrEnum):
    """What `list` can be narrowed to."""

    ACTIVE = "active"
    PENDING = "pending"
    RELEASED = "released"
    OFFLINE = "offline"


class Project(NamedTuple):
    """A LiveKit project, as far as numbers go."""

    numbers: PhoneNumbers
    remote: Remote


Number = Annotated[str, typer.Argument(help="A number, such as +12025550100.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]


@command(app)
async def search(
    context: typer.Context,
    country: Annotated[str, typer.Option(help="Two letters.")] = "US",
    area_code: Annotated[str, typer.Option(help="Such as 415.", show_default="any")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show numbers that can be bought."""
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise OperatorError(f"--country is two letters such as US, not {country}.", USAGE)
    if not (area_code == "" or area_code.isdecimal()):
        raise OperatorError(f"--area-code is digits such as 415, not {area_code}.", USAGE)
    async with _project(context) as project:
        found = await project.numbers.search(country.upper(), area_code, limit)
    if as_json:
        show_json({"numbers": [number.model_dump(mode="json") for number in found]})
        return
    show_rows([n.e164, n.type, n.place or "-", ", ".join(n.capabilities)] for n in found)
    if found:
        talk(f"Buy one with: bot-admin number buy {found[0].e164}")
    else:
        where = f"area code {area_code} of {country.upper()}" if area_code else country.upper()
        talk(f"No number of {where} is for sale.")


@command(app, name="list")
async def list_numbers(
    context: typer.Context,
    status: Annotated[
        list[Status] | None,
        typer.Option(help="Only these; may be repeated.", show_default="all but released"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the project's numbers, and the dispatch rule that takes their calls."""
    from sip.phone_number import HELD  # noqa: PLC0415  loads pydantic

    async with _project(context) as project:
        numbers = await project.numbers.all(status or HELD)
        names = await _rule_names(project, numbers)
    counts = Counter(number.status for number in numbers)
    if as_json:
        show_json({"numbers": [_data(n, names) for n in numbers], "counts": dict(counts)})
        return
    show_rows([n.e164, n.type, n.place or "-", n.status, _rules(n, names)] for n in numbers)
    total = "1 number" if len(numbers) == 1 else f"{len(numbers)} numbers"
    told = ", ".join(f"{count} {word}" for word, count in counts.items())
    talk(f"{total}: {told}." if numbers else "No numbers.")


@command(app)
async def buy(
    context: typer.Context,
    numbers: Annotated[list[str], typer.Argument(help="Numbers, such as +12025550100.")],
    rule: Annotated[
        str | None, typer.Option(help="Name of the dispatch rule that takes their calls.")
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Buy numbers, after showing what they cost."""
    _somebody_can_confirm(yes, "buy")
    wanted = list(dict.fromkeys(map(e164, numbers)))
    async with _project(context) as project:
        target = await _rule_named(project, rule) if rule is not None else None
        held = {number.e164: number for number in await project.numbers.all()}
        ours = [number for number in wanted if number in held]
        for number in ours:
            talk(f"{number} is this project's already ({held[number].status}).")
        new = [number for number in wanted if number not in held]
        bought: list[PhoneNumber] = []
        if new:
            _show_offer(new, len(held))
            if not yes and not typer.confirm(f"Buy {', '.join(new)}?", err=True):
                raise OperatorError("Nothing was bought.", FAILED)
            bought = await project.numbers.buy(new, target.id if target else None)
    if as_json:
        told = [{"number": n.e164, "id": n.id, "status": n.status} for n in bought]
        show_json({"bought": told, "already_ours": ours, "rule": rule})
    else:
        show_rows(["bought", number.e164, number.status] for number in bought)
    if missing := set(new) - {number.e164 for number in bought}:
        raise OperatorError(
            f"LiveKit does not say that it sold {', '.join(sorted(missing))}; "
            "see `bot-admin number list`."
        )
    if bought and target is None:
        talk(f"Calls to it fail until: bot-admin number assign {bought[0].e164} RULE")


@command(app)
async def assign(
    context: typer.Context,
    number: Number,
    rule: Annotated[str, typer.Argument(help="Name of a deployed dispatch rule.")],
    as_json: AsJson = False,
) -> None:
    """Send a number's calls to a dispatch rule, and to no other."""
    wanted = e164(number)
    async with _project(context) as project:
        target = await _rule_named(project, rule)
        held = await _held(project, wanted)
        changed = held.rule_ids != (target.id,)
        if changed:
            await project.numbers.assign(held, target.id)
    if as_json:
        told = {"id": target.id, "name": rule}
        show_json({"number": wanted, "rule": told, "changed": changed})
    else:
        talk(f"Calls to {wanted} {'now' if changed else 'already'} go to {rule}.")


@command(app)
async def release(
    context: typer.Context, number: Number, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Give a number back, for somebody else to have."""
    from sip.number_price import UNTIL_MONTH_END  # noqa: PLC0415  loads phonenumbers

    _somebody_can_confirm(yes, "release")
    wanted = e164(number)
    async with _project(context) as project:
        held = await _held(project, wanted)
        names = await _rule_names(project, [held])
        show_rows([[held.e164, held.type, held.place or "-", _rules(held, names)]], err=True)
        talk(f"Calls to it will fail, and it may be gone for ever. {UNTIL_MONTH_END}")
        if not yes:
            typed = typer.prompt("To release it, type its last four digits", err=True)
            if typed.strip() != wanted[-4:]:
                raise OperatorError("Those are not its last four digits; it was kept.", FAILED)
        await project.numbers.release(held)
    if as_json:
        show_json({"number": wanted, "released": True})
    else:
        talk(f"{wanted} is released.")


@asynccontextmanager
async def _project(context: typer.Context) -> AsyncIterator[Project]:
    from bot.settings import LiveKitSettings  # noqa: PLC0415  loads pydantic
    from sip.remote import connect, phone_numbers  # noqa: PLC0415  loads livekit

    settings = LiveKitSettings.load(context.obj)
    secret = settings.livekit_api_secret.get_secret_value()
    account = (settings.livekit_url, settings.livekit_api_key, secret)
    async with phone_numbers(*account) as numbers, connect(*account) as remote:
        yield Project(numbers, remote)


def _somebody_can_confirm(yes: bool, verb: str) -> None:
    if not yes and not sys.stdin.isatty():
        raise OperatorError(f"Nobody can confirm without a terminal: add --yes to {verb}.", USAGE)


def _show_offer(numbers: Sequence[str], held: int) -> None:
    from sip import number_price as price  # noqa: PLC0415  loads phonenumbers

    show_rows(([number, *price.quoted(number)] for number in numbers), err=True)
    has = "no number" if not held else "1 number" if held == 1 else f"{held} numbers"
    talk(f"The project has {has}. {price.FREE} {price.UNTIL_MONTH_END}")
    talk(f"Prices: {price.SOURCE}; check the dashboard for today's prices.")


async def _held(project: Project, wanted: str) -> PhoneNumber:
    for number in await project.numbers.all():
        if number.e164 == wanted:
            return number
    raise OperatorError(f"{wanted} is not a number of this project; see `bot-admin number list`.")


async def _rule_named(project: Project, name: str) -> Deployed[DispatchRule]:
    """The one rule of this name, ours or not; tells when it may not get a number's calls."""
    rules = await project.remote.rules()
    named = [rule for rule in rules if rule.resource.name == name]
    if not named:
        known = ", ".join(sorted(rule.resource.name for rule in rules)) or "none"
        raise OperatorError(f"LiveKit has no dispatch rule named {name}; it has: {known}.")
    if len(named) > 1:
        ids = ", ".join(rule.id for rule in named)
        raise OperatorError(f"LiveKit has several dispatch rules named {name} ({ids}); rename one.")
    (rule,) = named
    if rule.resource.trunks:
        talk(
            f"{name} takes the calls of {', '.join(rule.resource.trunks)} only, and LiveKit's own "
            "numbers come over no trunk: try whether it answers."
        )
    return rule


async def _rule_names(project: Project, numbers: Sequence[PhoneNumber]) -> dict[str, str]:
    """Names by id of the rules that take these numbers' calls."""
    if not any(number.rule_ids for number in numbers):
        return {}
    return {rule.id: rule.resource.name for rule in await project.remote.rules()}


def _rules(number: PhoneNumber, names: dict[str, str]) -> str:
    return ", ".join(names.get(id_) or id_ for id_ in number.rule_ids) or "no rule"


def _data(number: PhoneNumber, names: dict[str, str]) -> dict[str, Any]:
    rules = [{"id": id_, "name": names.get(id_)} for id_ in number.rule_ids]
    return {**number.model_dump(mode="json", exclude={"rule_ids"}), "rules": rules}
