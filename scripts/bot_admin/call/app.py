"""The commands: `bot-admin call NUMBER`, `bot-admin call reconcile`."""

from __future__ import annotations

import logging
import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from bot.dialling.order import RING_S, Order
from bot.outcome import Meaning, Outcome
from bot_admin.call import order
from bot_admin.command import OperatorError, command
from bot_admin.database import opened_database
from bot_admin.output import counted, show, show_json, show_rows, talk

if TYPE_CHECKING:
    from bot.dialling.placing import Server
    from bot.settings import DialSettings
    from bot.store.database import Database
    from bot.store.models import Attempt

PLACE = "place"


class NumberFirst(TyperGroup):
    """A group whose first word may be a number: `call +1…` is `call place +1…`."""

    default = PLACE

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the word in that is left out."""
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named else [self.default, *args])


def _exit_codes() -> str:
    codes: dict[int, list[str]] = {}
    for outcome in Outcome:
        codes.setdefault(Meaning.of(outcome).exit_code, []).append(outcome)
    told = "; ".join(f"{code} {', '.join(names)}" for code, names in sorted(codes.items()))
    return f"Exit codes: {told}. As everywhere: 1 failed before it began, 2 wrong usage."


app = typer.Typer(cls=NumberFirst, help="Places a call; `call reconcile` settles calls left open.")
AsJson = Annotated[bool, typer.Option("--json", help="Print for programs.")]


@command(app, name=PLACE, epilog=_exit_codes())
async def place_call(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Whom to call, such as +12025550123.")],
    persona: Annotated[
        str | None, typer.Option(help="Who calls; needed where several can.")
    ] = None,
    var: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="For the persona's sentences.")
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The number of ours to show, of the trunk's.")
    ] = None,
    trunk: Annotated[
        str | None, typer.Option(help="The outbound trunk; needed where there are several.")
    ] = None,
    ring_s: Annotated[int, typer.Option("--ring", min=5, max=70, help="Seconds to ring.")] = RING_S,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stay until the call is over.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Call a number: a person hears the persona's opening, a machine what its errand says.

    What must not be dialled is refused first. Ctrl-C hangs up. `bot-admin call reconcile` settles
    what a killed command left open.
    """
    from bot.settings import DialSettings  # noqa: PLC0415  loads pydantic

    settings = DialSettings.load(context.obj)
    variables = order.variables(var or [])
    async with opened_database(context) as database:
        try:
            callee = await order.allowed(number, settings, database)
        except OperatorError as error:
            if as_json:
                show_json(_refused(number, str(error)))
            raise
        who = order.persona(settings, persona, variables)
        over = await order.trunk(settings, trunk)
        wanted = Order(
            number=callee,
            from_number=order.shown(from_, who, over.resource),
            persona=who.name,
            variables=variables,
            trunk=over.resource.name,
            trunk_id=over.id,
            ring_s=ring_s,
        )
        attempt = await _placed(wanted, settings, database, wait=wait)
    if as_json:
        show_json(_told(attempt))
    else:
        show(_summary(attempt))
    raise typer.Exit(_exit_code(attempt, wait=wait))


@command(app)
async def reconcile(context: typer.Context, as_json: AsJson = False) -> None:
    """Settle calls that a killed command left open: LiveKit and the records are asked.

    Nobody is dialled. Who opted out while the database could not be written is put on the list.
    """
    from datetime import UTC, datetime  # noqa: PLC0415

    import aiohttp  # noqa: PLC0415
    from livekit import api  # noqa: PLC0415

    from bot.dialling.reconcile import settled, write_opt_outs  # noqa: PLC0415
    from bot.settings import DialSettings  # noqa: PLC0415
    from bot.store.attempts import Attempts  # noqa: PLC0415
    from bot.store.calls import CallRecords  # noqa: PLC0415
    from bot.store.suppression import Suppression  # noqa: PLC0415

    settings, now = DialSettings.load(context.obj), datetime.now(UTC)
    records = CallRecords(settings.records_dir)
    async with opened_database(context) as database, _server(settings).connected() as livekit:
        opted_out = await write_opt_outs(records, Suppression(database), now)
        try:
            found = [each async for each in settled(livekit, Attempts(database), records, now)]
        except (api.ServerError, aiohttp.ClientError, OSError) as error:
            kind = type(error).__name__
            raise OperatorError(
                f"LiveKit does not answer at {settings.livekit_url} ({kind}); check LIVEKIT_URL."
            ) from error
    if as_json:
        told = [{**_told(attempt), "live": live} for attempt, live in found]
        show_json({"attempts": told, "opted_out": opted_out})
        return
    show_rows(
        [attempt.id, "goes on" if live else str(attempt.outcome), attempt.reason or ""]
        for attempt, live in found
    )
    live = sum(live for _, live in found)
    talk(f"{counted(len(found) - live, 'call')} settled; {live} still going on.")
    if opted_out:
        talk(f"{counted(opted_out, 'number')} put on the suppression list.")


async def _placed(
    wanted: Order, settings: DialSettings, database: Database, *, wait: bool
) -> Attempt:
    """Places the call; Ctrl-C and SIGTERM hang up."""
    import asyncio  # noqa: PLC0415  loads slowly

    from bot.dialling.placing import Placing  # noqa: PLC0415  loads livekit
    from bot.store.attempts import Attempts  # noqa: PLC0415
    from bot_admin.call.view import View  # noqa: PLC0415

    native = logging.getLogger("livekit")  # reports at levels that Python prints by itself
    native.addHandler(logging.NullHandler())
    native.propagate = False
    placing = Placing(_server(settings), Attempts(database), settings.agent_name)
    with View() as view:
        calling = asyncio.create_task(placing.place(wanted, view.tell, wait=wait))
        for sign in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(sign, calling.cancel)
        try:
            return await calling
        except asyncio.CancelledError:  # a second Ctrl-C, or one before anything was begun
            sentence = "Interrupted: bot-admin call reconcile tells what became of the call."
            raise OperatorError(sentence, Meaning.of(Outcome.UNKNOWN).exit_code) from None


def _server(settings: DialSettings) -> Server:
    from bot.dialling.placing import Server  # noqa: PLC0415

    secret = settings.livekit_api_secret.get_secret_value()
    return Server(settings.livekit_url, settings.livekit_api_key, secret)


def _told(attempt: Attempt) -> dict[str, Any]:
    """One call for programs."""
    return {
        "number": attempt.number,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "sip_code": attempt.sip_code,
        "answered_by": attempt.answered_by,
        "attempt": attempt.id,
        "record": attempt.record,
    }


def _refused(number: str, why: str) -> dict[str, Any]:
    """The same of a call that must not be placed."""
    nothing = dict.fromkeys(("sip_code", "answered_by", "attempt", "record"))
    return {"number": number, "outcome": Outcome.NOT_ALLOWED, "reason": why, **nothing}


def _summary(attempt: Attempt) -> str:
    """One call for people: a line."""
    if attempt.outcome is None:
        state = "it may have rung" if attempt.state == "unknown" else "it is on its way"
        return f"{attempt.id}: {state}; bot-admin call reconcile looks it up."
    code = f"SIP {attempt.sip_code}" if attempt.sip_code else None
    why = " ".join(filter(None, (code, attempt.reason)))
    return f"{attempt.id}: {attempt.outcome}" + (f" ({why})" if why else "")


def _exit_code(attempt: Attempt, *, wait: bool) -> int:
    """An attempt without an outcome is not known, unless nobody waits for it."""
    if attempt.outcome is None and not wait and attempt.state != "unknown":
        return 0
    return Meaning.of(attempt.outcome or Outcome.UNKNOWN).exit_code
