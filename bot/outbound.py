"""A call that is ours to place, from the job's start to the conversation.

Whoever wants the call (`bot/dialling/`) sends the INVITE, once the bot says that it is ready: the
person who answers must not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit import rtc

from bot.agent import PhoneAgent
from bot.approach import Approach
from bot.call import PICKUP, READY, Call, JobMetadata, Outbound
from bot.dtmf import TERMINATOR, Keypad
from bot.errand import Errand, MissingVariables
from bot.leg import Leg
from bot.line import Line
from bot.opt_out import OptOut
from bot.outcome import EndedBy, Ending, Outcome, Party, Verdict
from bot.pickup import Judgement
from bot.session import room_options
from bot.store.ledger import Ledger
from bot.tools import stop_calls

if TYPE_CHECKING:
    from livekit.agents import JobContext

    from bot.persona import Persona, Personas
    from bot.prompts import Prompts
    from bot.record import CallRecord
    from bot.settings import Settings

DIALLED_WITHIN_S = 20.0
"""After the bot is ready; later means that whoever wanted the call is gone."""
SPOKEN_WITHIN_S = 10.0
"""The longest wait for what is said to be synthesised before anybody is dialled."""
RECALLED_WITHIN_S = 2.0
"""The same for what is known of the callee."""
LEARNT_WITHIN_S = 3.0
"""From the phone's leaving to LiveKit's word on the INVITE, and to its being written down."""


async def place(
    ctx: JobContext,
    settings: Settings,
    personas: Personas,
    metadata: JobMetadata,
    outbound: Outbound,
) -> None:
    """Gets ready, is dialled, and talks to whoever takes the call."""
    line = Line(ctx, settings)
    await ctx.connect()
    ledger = Ledger(settings.database_url.get_secret_value())
    line.learns = lambda: _learn(ledger, line.record, outbound)
    line.opened.push_async_callback(lambda: _settle(ledger, line.record, outbound))
    ctx.log_context_fields = {"attempt": outbound.attempt}
    persona = personas.named(metadata.persona or "")
    errand = _errand(persona, metadata)
    if persona is None or errand is None or not await ledger.is_begun(outbound.attempt):
        unfit = Ending(Outcome.FAILED, EndedBy.BOT, "no such persona, errand or attempt")
        line.hangup.end_call(unfit, now=True)
        return

    call = Call.placed(metadata, outbound, ctx.room.name)
    voice = line.speaks_as(persona, call)

    def tell(judged: Judgement) -> None:
        line.starts(ctx.room.local_participant.set_attributes({PICKUP: judged.who}))

    approach = Approach(
        errand, voice.session, voice.turns, ctx.room, call.identity, line.hangup, line.record, tell
    )

    def answered() -> None:
        voice.answered()
        line.starts(ledger.answered(outbound.attempt))
        line.starts(approach.run())

    def joined(phone: rtc.RemoteParticipant) -> None:
        line.record.call = call.dialled(phone.attributes)

    leg = Leg(
        ctx.room,
        call.identity,
        on_joined=joined,
        on_answer=answered,
        on_left=lambda ending: voice.transfers.phone_left(approach.left(ending)),
    )
    line.opened.callback(leg.close)

    opt_out = OptOut(
        outbound.to_number,
        ledger,
        voice.session,
        persona.phrases.opted_out,
        line.hangup,
        line.record,
        is_machine=lambda: approach.met_machine,
    )
    line.opened.push_async_callback(opt_out.aclose)
    _prepare(voice.prompts, errand, persona)
    instructions = "\n\n".join(filter(None, (persona.instructions, errand.instructions)))
    if voice.caller is not None:
        recollection = await voice.caller.recalled(within_s=RECALLED_WITHIN_S)
        if recollection is not None:
            voice.recalls(recollection)
            instructions = recollection.added_to(instructions)
    agent = PhoneAgent(
        instructions,
        voice.prompts,
        voice.silence,
        line.hangup,
        voice.transfers,
        [*voice.tools(), stop_calls(opt_out)],
        begins=approach,
    )
    await voice.session.start(
        agent, room=ctx.room, room_options=room_options(settings, call.identity), record=False
    )

    def entered(keys: str) -> None:
        if set(keys.removesuffix(TERMINATOR)) == {errand.opt_out_key}:
            opt_out.asked(f"pressed {errand.opt_out_key}")
        else:
            agent.keyed(keys)

    keypad = Keypad(ctx.room, call.identity, on_key=line.record.key_pressed, on_entry=entered)
    line.opened.callback(keypad.close)

    async def last_words() -> None:
        keypad.flush()
        await opt_out.aclose()
        await _learn(ledger, line.record, outbound)

    line.learns = last_words
    if not await voice.prompts.made(*errand.sentences(), within_s=SPOKEN_WITHIN_S):
        mute = Ending(Outcome.PROVIDER_ERROR, EndedBy.BOT, "the voice failed before the call")
        line.hangup.end_call(mute, now=True)
        return
    await ctx.room.local_participant.set_attributes({READY: "true"})
    if not await leg.joined(DIALLED_WITHIN_S):
        nobody = Ending(Outcome.CANCELLED, EndedBy.OPERATOR, "nobody dialled")
        line.hangup.end_call(nobody, now=True)


def _errand(persona: Persona | None, metadata: JobMetadata) -> Errand | None:
    """What is said, with the call's variables; None when something is missing."""
    if persona is None or persona.outbound is None:
        return None
    try:
        return persona.outbound.with_values(metadata.variables)
    except MissingVariables:
        return None


def _prepare(prompts: Prompts, errand: Errand, persona: Persona) -> None:
    """Has all that is said without asking the model made ready."""
    kept = persona.outbound.sentences() if persona.outbound else ()
    for sentence in errand.sentences():
        prompts.prepare(sentence, keep=sentence in kept)
    prompts.prepare(*persona.phrases.all())


def _nobody_answered(record: CallRecord, outbound: Outbound) -> bool:
    """Whether what the network said is known to who dialled, and not to the bot."""
    dialled = record.call is not None and record.call.call_id is not None
    return outbound.is_watched and dialled and record.answered_at is None


async def _learn(ledger: Ledger, record: CallRecord, outbound: Outbound) -> None:
    """Lets the record say what LiveKit told who dialled, where that is more than the bot saw."""
    if not _nobody_answered(record, outbound):
        return
    verdict = await ledger.outcome(outbound.attempt, LEARNT_WITHIN_S)
    if verdict is not None:
        code = f"SIP {verdict.sip_code}" if verdict.sip_code else "not answered"
        record.ending = Ending(verdict.outcome, _who_ended(verdict), code)


def _who_ended(verdict: Verdict) -> EndedBy:
    if verdict.outcome is Outcome.CANCELLED:
        return EndedBy.OPERATOR
    return EndedBy.CALLEE if verdict.whose is Party.CALLEE else EndedBy.NETWORK


async def _settle(ledger: Ledger, record: CallRecord, outbound: Outbound) -> None:
    """Writes the outcome where nobody knows it better."""
    if record.ending is None or _nobody_answered(record, outbound):
        return
    await ledger.ended(
        outbound.attempt,
        Verdict(record.ending.outcome, reason=record.ending.detail),
        record.answered_by,
        str(record.path) if record.path else None,
    )
