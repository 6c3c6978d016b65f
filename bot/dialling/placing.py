"""Places one call: written down first, the bot ready before anybody's phone rings, told truly.

After the INVITE may have left nothing is tried again: what cannot be told is `unknown`, and
`reconcile.py` looks it up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field

import aiohttp
from google.protobuf.duration_pb2 import Duration
from livekit import api, rtc
from livekit.agents.utils.aio import cancel_and_wait
from livekit.protocol import agent_dispatch as proto_dispatch
from livekit.protocol import room as proto_room
from livekit.protocol import sip as proto_sip

from bot.call import JobMetadata, Outbound
from bot.dialling.order import Order
from bot.dialling.progress import Progress, Stage
from bot.dialling.watch import Watch
from bot.outcome import Outcome, Verdict, of_failure
from bot.store.attempts import Attempts
from bot.store.errors import IllegalChange, NumberSuppressed
from bot.store.models import Attempt, AttemptState

BOT_READY_S = 25.0
"""A worker has a process at hand, or starts one in some 10 s."""
ANSWER_MARGIN_S = 5.0
"""LiveKit's answer to an INVITE that has rung out takes a moment longer than the ringing."""
FILED_S = 20.0
"""From the end of a call until its bot has remembered and filed it, at most."""
LOOK_EVERY_S = 0.2
LONGEST_CALL_S = 3700
"""From the INVITE, should the bot die: no persona's calls may last longer than an hour."""
LATE_S = 2.0
"""After a hang-up: until a phone whose INVITE was under way has joined, or was given up."""
DELETE_AGAIN_S = (0.0, 0.3, 1.0)
EMPTY_TIMEOUT_S = 60
"""A room that nobody has entered is gone after that."""
TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True)
class Server:
    """A LiveKit server and the key to it."""

    url: str
    key: str
    secret: str = field(repr=False)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[api.LiveKitAPI]:
        """Its API, which asks once: a second INVITE would ring a second time."""
        async with api.LiveKitAPI(self.url, self.key, self.secret, failover=False) as livekit:
            yield livekit


class Placing:
    """Places calls, one after the other or several at a time.

    Args:
        server: where the calls are.
        attempts: where they are written down.
        agent: the name under which the worker is registered.
    """

    def __init__(self, server: Server, attempts: Attempts, agent: str) -> None:
        self._server = server
        self._attempts = attempts
        self._agent = agent
        self._hung_up: set[str] = set()

    async def place(
        self, order: Order, tell: Callable[[Progress], None], *, wait: bool = True
    ) -> Attempt:
        """Places a call and returns its attempt, ended, unless its end is `unknown`.

        Cancelled, it hangs up first, and returns what came of it.

        Args:
            order: what is wanted.
            tell: told how it goes.
            wait: for the end; else it returns once the INVITE has left, and the bot writes the end.
        """
        attempt = await self._attempts.begin(
            number=order.number,
            persona=order.persona,
            trunk=order.trunk,
            from_number=order.from_number,
            variables=order.variables,
        )
        async with self._server.connected() as livekit:
            carrying = asyncio.create_task(self._carry(livekit, attempt, order, tell, wait))
            try:
                await asyncio.shield(carrying)
            except asyncio.CancelledError:
                await _surely(self._hang_up(livekit, attempt, carrying))
            return await self._attempts.get(attempt.id)

    async def _carry(
        self,
        livekit: api.LiveKitAPI,
        attempt: Attempt,
        order: Order,
        tell: Callable[[Progress], None],
        wait: bool,
    ) -> None:
        tell(Stage("waiting-for-the-bot"))
        try:
            await livekit.room.create_room(self._room(attempt, order, wait))
            watch = await Watch(attempt.room, attempt.identity, tell).joins(
                self._server.url, self._server.key, self._server.secret
            )
        except (api.ServerError, rtc.ConnectError, *TRANSPORT) as error:
            verdict = Verdict(Outcome.FAILED, reason=f"LiveKit: {_words(error)}")
            await self._attempts.ended(attempt.id, verdict)
            await _delete_room(livekit, attempt.room)
            return
        async with watch:
            if not await watch.ready(BOT_READY_S):
                if watch.is_over:  # by the bot, which writes why
                    await self._filed(attempt)
                unready = f"no worker named {self._agent} got ready for the call"
                await self._end(attempt, Verdict(Outcome.OVERLOADED, reason=unready))
                await _delete_room(livekit, attempt.room)
                return
            if not await self._may_leave(livekit, attempt):
                return
            tell(Stage("dialling"))
            refusal = await self._invite(livekit, attempt, order, wait)
            if attempt.id in self._hung_up:
                return
            if refusal is None and wait:
                await self._ends(livekit, attempt, watch)
            elif refusal is not None and refusal.outcome is Outcome.UNKNOWN:
                await self._lose(attempt, refusal.reason)
            elif refusal is not None:
                await self._end(attempt, refusal)
                await _delete_room(livekit, attempt.room)

    async def _ends(self, livekit: api.LiveKitAPI, attempt: Attempt, watch: Watch) -> None:
        """Waits for the end of a call that was answered."""
        if await watch.parted():
            await _delete_room(livekit, attempt.room)
        # A watch may be cut off alone; LiveKit tells nobody outside of a room's end.
        while await self._goes_on(livekit, attempt):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
        await self._filed(attempt)

    async def _may_leave(self, livekit: api.LiveKitAPI, attempt: Attempt) -> bool:
        """Writes that the INVITE is about to leave."""
        try:
            await self._attempts.dialling(attempt.id)
        except NumberSuppressed as error:
            await self._end(attempt, Verdict(Outcome.NOT_ALLOWED, reason=str(error)))
        except IllegalChange:
            pass  # the bot has ended it meanwhile, or Ctrl-C has
        else:
            return True
        await _delete_room(livekit, attempt.room)
        return False

    async def _invite(
        self, livekit: api.LiveKitAPI, attempt: Attempt, order: Order, wait: bool
    ) -> Verdict | None:
        """Sends the INVITE; None when it was answered, or is not waited for."""
        request = proto_sip.CreateSIPParticipantRequest(
            sip_trunk_id=order.trunk_id,
            sip_call_to=order.number,
            sip_number=order.from_number,
            room_name=attempt.room,
            participant_identity=attempt.identity,
            ringing_timeout=Duration(seconds=order.ring_s),
            max_call_duration=Duration(seconds=LONGEST_CALL_S),
            wait_until_answered=wait,
        )
        try:
            await livekit.sip.create_sip_participant(
                request, timeout=order.ring_s + ANSWER_MARGIN_S
            )
        except api.ServerError as error:
            return of_failure(error.code, error.message, error.metadata)
        except aiohttp.ClientConnectorError as error:  # LiveKit was not reached: nothing has left
            return Verdict(Outcome.FAILED, reason=f"LiveKit: {_words(error)}")
        except TRANSPORT as error:
            return Verdict(Outcome.UNKNOWN, reason=f"LiveKit: {_words(error)}")
        return None

    async def _filed(self, attempt: Attempt) -> None:
        """Waits until the bot has written how the call ended; else that is not known."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FILED_S):
                while not await self._has_ended(attempt):  # noqa: ASYNC110  written elsewhere
                    await asyncio.sleep(LOOK_EVERY_S)
                return
        await self._lose(attempt, "the bot did not say how the call ended")

    async def _lose(self, attempt: Attempt, reason: str) -> None:
        """Writes that its end is not known, unless it is: the bot may have written it."""
        with contextlib.suppress(IllegalChange):
            await self._attempts.lost(attempt.id, reason)

    async def _goes_on(self, livekit: api.LiveKitAPI, attempt: Attempt) -> bool:
        """Whether the room is there, as far as LiveKit can be asked, and the bot tells no end."""
        if await self._has_ended(attempt):
            return False
        try:
            request = proto_room.ListRoomsRequest(names=[attempt.room])
            return bool((await livekit.room.list_rooms(request)).rooms)
        except (api.ServerError, *TRANSPORT):
            return True

    async def _has_ended(self, attempt: Attempt) -> bool:
        return (await self._attempts.get(attempt.id)).state is AttemptState.ENDED

    async def _hang_up(
        self, livekit: api.LiveKitAPI, attempt: Attempt, carrying: asyncio.Task[None]
    ) -> None:
        """Ends the call at once: the room's end is the phone's CANCEL or BYE.

        A phone that joins later makes the room anew, with nobody in it: it is deleted once more.
        """
        self._hung_up.add(attempt.id)
        gone = await _delete_room(livekit, attempt.room)
        if (await self._attempts.get(attempt.id)).state is AttemptState.ANSWERED:
            await self._filed(attempt)
        elif gone:
            await self._end(attempt, Verdict(Outcome.CANCELLED, reason="cancelled"))
        else:
            await self._lose(attempt, "LiveKit did not take the hang-up")
        await asyncio.wait({carrying}, timeout=LATE_S)
        if not carrying.done() or not gone:
            await _delete_room(livekit, attempt.room)
        await cancel_and_wait(carrying)

    async def _end(self, attempt: Attempt, verdict: Verdict) -> None:
        """Writes the outcome, unless there is one already: the first counts."""
        with contextlib.suppress(IllegalChange):
            await self._attempts.ended(attempt.id, verdict)

    def _room(self, attempt: Attempt, order: Order, wait: bool) -> proto_room.CreateRoomRequest:
        """The call's room, with the bot called into it."""
        outbound = Outbound(
            attempt=attempt.id,
            identity=attempt.identity,
            to_number=order.number,
            from_number=order.from_number,
            is_watched=wait,
        )
        metadata = JobMetadata(persona=order.persona, variables=order.variables, outbound=outbound)
        dispatch = proto_dispatch.RoomAgentDispatch(
            agent_name=self._agent, metadata=metadata.as_json()
        )
        return proto_room.CreateRoomRequest(
            name=attempt.room, empty_timeout=EMPTY_TIMEOUT_S, agents=[dispatch]
        )


async def _delete_room(livekit: api.LiveKitAPI, room: str) -> bool:
    """Deletes a room; returns whether it is gone."""
    for pause_s in DELETE_AGAIN_S:
        await asyncio.sleep(pause_s)
        try:
            await livekit.room.delete_room(proto_room.DeleteRoomRequest(room=room))
        except api.ServerError as error:
            if error.code == "not_found":
                return True
        except TRANSPORT:
            continue
        else:
            return True
    return False


async def _surely(work: Coroutine[None, None, None]) -> None:
    """Does it whatever happens: a second Ctrl-C does not leave a phone ringing."""
    task = asyncio.create_task(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)


def _words(error: BaseException) -> str:
    return getattr(error, "message", None) or str(error) or type(error).__name__
