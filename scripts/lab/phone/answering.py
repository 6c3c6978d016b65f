"""A telephone that takes calls by script: several numbers on one port."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Self

from aiosipua import IncomingCall, SipRequest, parse_uri

from lab.clips import Clips
from lab.digest import Challenges
from lab.errors import PortTaken
from lab.phone.errors import CallOver, NoCall, PhoneError
from lab.phone.event import SipEvent
from lab.phone.media import Media
from lab.phone.received import ReceivedCall
from lab.phone.roles import perform
from lab.phone.script import Script
from lab.phone.sdp import Address
from lab.phone.signalling import Signalling

log = logging.getLogger("lab.phone")

REALM = "lab"
CODECS = ("PCMU", "PCMA")


class AnsweringPhone:
    """Answers each number as its script says; a number without one is refused with 404.

        async with AnsweringPhone({"+12025550111": Script(say="Hello?")}) as phone:
            ...                                # something dials +12025550111 at phone.address
            call = await phone.takes()         # a ReceivedCall: events, recording, digits
            await call.hears_speech()

    `scripts` may be changed at any time, for the calls to come. `invites` is every INVITE that
    began a call, answered or not, `calls` all calls that rang or were refused. At its end calls
    are hung up and ports freed.
    """

    def __init__(
        self,
        scripts: Mapping[str, Script],
        *,
        port: int = 0,
        clips: Clips | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.scripts = dict(scripts)
        self.invites: list[SipRequest] = []
        self.calls: list[ReceivedCall] = []
        self._clips = clips or Clips()
        self._host = host
        self._signalling = Signalling(host, self._invited, port=port, screen=self._screen)
        self._port = port
        self._challenges = Challenges()
        self._begun: deque[float] = deque()  # when the calls of the last second began
        self._untaken: asyncio.Queue[ReceivedCall] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> Address:
        """Where it takes calls, once it is on."""
        return self._signalling.address

    async def takes(self, timeout: float = 20.0) -> ReceivedCall:
        """The next call that came, oldest first, whatever becomes of it. Raises NoCall."""
        try:
            async with asyncio.timeout(timeout):
                return await self._untaken.get()
        except TimeoutError:
            raise NoCall(f"nobody dialled this phone within {timeout:g} s") from None

    def events(self, call_id: str) -> list[SipEvent]:
        """Every message with that Call-ID, also where no call came of it."""
        return self._signalling.events(call_id)

    async def __aenter__(self) -> Self:
        try:
            await self._signalling.start()
        except OSError as error:
            raise PortTaken(
                f"SIP port {self._port} of {self._host} is in use: another answering phone?"
            ) from error
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.gather(*(call.close() for call in self.calls))
        finally:
            await self._signalling.stop()
            await asyncio.sleep(0)  # closed transports free their sockets on the loop's next turn

    def _screen(self, request: SipRequest) -> bool:
        """Deals with an INVITE that begins no call; True when it did."""
        if request.method != "INVITE" or (request.to_addr and request.to_addr.tag):
            return False
        script = self._script(request)
        begins = all(known.call_id != request.call_id for known in self.invites)
        if begins:  # and is no repetition with credentials
            self.invites.append(request)
        if script.role == "unreachable":
            return True
        if begins and self._too_many(script):
            self._signalling.reply(request, 503, {})
            return True
        return bool(script.username) and self._challenged(request, script)

    def _script(self, invite: SipRequest) -> Script:
        number = parse_uri(invite.uri).user or ""
        return self.scripts.get(number) or Script(role="invalid")

    def _too_many(self, script: Script) -> bool:
        if script.calls_per_s is None:
            return False
        now_s = time.monotonic()
        while self._begun and self._begun[0] <= now_s - 1.0:
            self._begun.popleft()
        self._begun.append(now_s)
        return len(self._begun) > script.calls_per_s

    def _challenged(self, invite: SipRequest, script: Script) -> bool:
        """Asks for credentials until they are right (RFC 3261 section 22.3)."""
        call_id, given = invite.call_id or "", invite.get_header("Proxy-Authorization")
        if given and self._challenges.accepts(call_id, given, script.username, script.password):
            return False
        challenge = self._challenges.issue(call_id, REALM)
        self._signalling.reply(invite, 407, {"Proxy-Authenticate": challenge})
        return True

    def _invited(self, invite: IncomingCall) -> None:
        self._spawn(self._carry(invite, self._script(invite.invite)))

    async def _carry(self, invite: IncomingCall, script: Script) -> None:
        media = await Media.open(self._host)
        call = ReceivedCall(invite, self._signalling, media, self._clips, CODECS)
        call.transfer = script.transfer
        self._signalling.add_headers(invite.call_id, script.headers)
        self.calls.append(call)
        self._untaken.put_nowait(call)
        try:
            await self._take(call, script)
        finally:
            if script.record is not None:
                call.recording.save(script.record)

    async def _take(self, call: ReceivedCall, script: Script) -> None:
        if script.refusal is None or script.ring_s:
            call.rings(early_media=script.early_media)
        if script.role == "dead":
            call.vanishes()
            return
        await call.keeps_ringing(None if script.role == "no-answer" else script.ring_s)
        if script.refusal is not None:
            call.rejects(script.refusal)
            return
        try:
            call.answers()
        except CallOver:
            return  # the caller gave up
        except PhoneError as error:
            log.warning("a call was not answered: %s", error)
            return
        await perform(call, script)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a call of the answering phone failed", exc_info=task.exception())
