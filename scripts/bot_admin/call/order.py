"""From the words of a command to an order: checked before anything is dialled or written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.outcome import Meaning, Outcome
from bot_admin.command import USAGE, OperatorError
from bot_admin.deployed import remote_of
from bot_admin.e164 import e164

if TYPE_CHECKING:
    from bot.persona import Persona
    from bot.settings import DialSettings
    from bot.store.database import Database
    from sip.deployment import Deployed
    from sip.model import OutboundTrunk


async def allowed(number: str, settings: DialSettings, database: Database) -> str:
    """The number in E.164, if it may be dialled; else one sentence says why not."""
    from bot.dial import Policy, Refused, may_dial  # noqa: PLC0415
    from bot.store.suppression import Suppression  # noqa: PLC0415

    not_allowed = Meaning.of(Outcome.NOT_ALLOWED).exit_code
    verdict = may_dial(number, Policy(settings.dial_countries), suppressed=False)
    if isinstance(verdict, Refused):
        raise OperatorError(verdict.reason, not_allowed)
    if entry := await Suppression(database).check(verdict.number):
        raise OperatorError(
            f"{verdict.number} is on the suppression list since {entry.since:%Y-%m-%d} "
            f"({entry.reason}).",
            not_allowed,
        )
    return verdict.number


def variables(given: Sequence[str]) -> dict[str, str]:
    """The values of `--var NAME=VALUE`."""
    values: dict[str, str] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise OperatorError(f"--var {pair} is not NAME=VALUE.", USAGE)
        values[name.strip()] = value
    return values


def persona(settings: DialSettings, name: str | None, values: dict[str, str]) -> Persona:
    """Who calls: the persona of that name, or the only one that can; nothing it says is missing."""
    from bot.errand import MissingVariables  # noqa: PLC0415
    from bot.persona import PersonaError, Personas  # noqa: PLC0415

    try:
        able = [who for who in Personas.load(settings.personas_dir) if who.outbound is not None]
    except PersonaError as error:
        raise OperatorError(str(error)) from error
    named = [who for who in able if name in (None, who.name)]
    if len(named) != 1 or named[0].outbound is None:
        unclear = f"{name} places no calls" if name else "It is not clear who calls"
        listed = ", ".join(who.name for who in able) or "there is none"
        raise OperatorError(
            f"{unclear}: --persona names one that has an [outbound] table ({listed}).", USAGE
        )
    try:
        named[0].outbound.with_values(values)
    except MissingVariables as error:
        raise OperatorError(
            f"{named[0].name} wants to know {error}: give each with --var NAME=VALUE.", USAGE
        ) from error
    return named[0]


async def trunk(settings: DialSettings, name: str | None) -> Deployed[OutboundTrunk]:
    """The outbound trunk that is deployed under a name, or the only one."""
    async with remote_of(settings) as remote:
        trunks = (await remote.fetch()).outbound_trunks
    if not trunks:
        raise OperatorError(
            "No outbound trunk is deployed: declare one in sip/trunks.toml and provision it."
        )
    named = [found for found in trunks if name in (None, found.resource.name, found.id)]
    if len(named) != 1:
        unclear = f"{name} is not one outbound trunk" if name else "Several trunks lead out"
        listed = ", ".join(sorted(f"{found.resource.name} ({found.id})" for found in trunks))
        raise OperatorError(f"{unclear}: --trunk takes one of {listed}.", USAGE)
    return named[0]


def shown(from_: str | None, who: Persona, over: OutboundTrunk) -> str:
    """The number of ours that is shown: the one wanted, the persona's own, or the trunk's first."""
    own = next((number for number in who.numbers if number in over.numbers), None)
    number = e164(from_) if from_ else own or over.numbers[0]
    if number not in over.numbers:
        listed = ", ".join(over.numbers)
        raise OperatorError(f"{number} is no number of trunk {over.name}: it has {listed}.", USAGE)
    return number
