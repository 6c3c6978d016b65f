"""Two of the lab's phones call each other on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest
from aiosipua import IncomingCall, SipRequest, SipUAC, SipUAS, parse_auth

from lab.phone import (
    CallFailed,
    CallOver,
    DialledCall,
    NoCall,
    NoFinalAnswer,
    NoSpeech,
    Phone,
    PhoneCall,
    PhoneError,
    ReceivedCall,
    Samples,
    utterances,
)
from lab.phone.sdp import answer, offer
from lab.sip_transport import LoopbackSipTransport

CALLER, CALLEE = "+12025550123", "+12025550100"
RATE = 8000


@pytest.fixture
async def caller() -> AsyncIterator[Phone]:
    async with Phone(CALLER) as phone:
        yield phone


@pytest.fixture
async def callee() -> AsyncIterator[Phone]:
    async with Phone(CALLEE) as phone:
        yield phone


async def connect(caller: Phone, callee: Phone) -> tuple[DialledCall, ReceivedCall]:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    received = await callee.answers(timeout=5)
    await dialled.answered(timeout=5)
    return dialled, received


def burst(seconds: float, hertz: float = 700.0) -> Samples:
    at = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def chirp(seconds: float) -> Samples:
    """A sound that correlates with itself in one place only."""
    at = np.arange(round(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * (300 * at + 400 * at * at))).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def likeness(found: Samples, sought: Samples) -> tuple[float, int]:
    """The best normalised correlation of `sought` in `found`, and at which sample."""
    wanted = sought.astype(float)
    energy = np.convolve(found.astype(float) ** 2, np.ones(len(wanted)), "valid")
    size = len(found) + len(wanted)
    spectrum = np.fft.rfft(found, size) * np.conj(np.fft.rfft(wanted, size))
    products = np.fft.irfft(spectrum, size)[: len(energy)]
    scores = products / np.sqrt(np.maximum(energy, 1.0) * (wanted @ wanted))
    return float(scores.max()), int(scores.argmax())


def wire(call: PhoneCall) -> list[str]:
    """The call's messages: `>` sent, `<` received."""
    return [f"{'>' if e.direction == 'sent' else '<'}{e.what}" for e in call.events]


async def test_dial_ring_answer_talk_and_hang_up(caller: Phone, callee: Phone) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address, headers={"X-Campaign": "7"})
    received = await callee.answers(after_s=0.1, timeout=5)
    answered_s = await dialled.answered(timeout=5)
    await dialled.hangs_up()
    ending = await received.ended(timeout=5)

    assert (received.caller, received.headers["x-campaign"]) == (CALLER, "7")
    assert dialled.rang_s is not None
    assert answered_s - dialled.rang_s >= 0.09
    assert (ending.by, ending.how) == ("them", "bye")
    assert dialled.ending is not None
    assert (dialled.ending.by, dialled.ending.how) == ("us", "bye")
    assert wire(dialled) == [">INVITE", "<100", "<180", "<200", ">ACK", ">BYE", "<200"]
    assert wire(received) == ["<INVITE", ">100", ">180", ">200", "<ACK", "<BYE", ">200"]
    assert [event.at_s for event in dialled.events] == sorted(e.at_s for e in dialled.events)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
async def test_what_one_says_the_other_hears(codec: str) -> None:
    async with Phone(CALLER, codecs=[codec]) as caller, Phone(CALLEE) as callee:
        dialled, received = await connect(caller, callee)
        there, back = chirp(0.8), np.ascontiguousarray(chirp(0.8)[::-1])
        await asyncio.gather(dialled.says(there), received.says(back))
        await dialled.hangs_up()
        await received.ended(timeout=5)

        assert f" {codec}/8000" in dialled.events[0].message.text
        assert likeness(received.recording.received.samples, there)[0] > 0.99
        assert likeness(dialled.recording.received.samples, back)[0] > 0.99


async def test_a_text_is_spoken_in_the_callers_voice(caller: Phone, callee: Phone) -> None:
    dialled, received = await connect(caller, callee)
    said = await dialled.says("Good morning, I would like an appointment.")
    await received.hears_quiet(for_s=0.3, timeout=5)
    heard = received.recording.heard(said.start_s - 0.1, said.end_s + 0.1)
    assert said.end_s - said.start_s > 1.0
    assert sum(span.end_s - span.start_s for span in utterances(heard)) > 1.0


async def test_phones_without_a_common_codec_do_not_connect() -> None:
    async with Phone(CALLER, codecs=["PCMU"]) as caller, Phone(CALLEE, codecs=["PCMA"]) as callee:
        dialled = await caller.dial(CALLEE, gateway=callee.address)
        with pytest.raises(PhoneError, match="488"):
            await callee.answers(timeout=5)
        with pytest.raises(CallFailed) as failure:
            await dialled.answered(timeout=5)
        assert failure.value.status == 488


async def test_a_sound_lies_in_the_far_recording_when_it_was_sent(
    caller: Phone, callee: Phone
) -> None:
    dialled, received = await connect(caller, callee)
    await received.hears_quiet(for_s=0.2, timeout=5)
    clip = np.concatenate([silence(0.1), chirp(0.5), silence(0.1)])
    said = await dialled.says(clip)
    heard_s = await received.hears_speech(timeout=5)
    quiet_s = await received.hears_quiet(for_s=0.3, timeout=5)

    track = received.recording.received
    likeliest, index = likeness(track.samples, chirp(0.5))
    assert likeliest > 0.99
    assert track.origin_s + index / RATE == pytest.approx(said.start_s, abs=0.06)
    assert heard_s == pytest.approx(said.start_s, abs=0.06)
    assert quiet_s == pytest.approx(said.end_s, abs=0.06)
    assert said.end_s - said.start_s == pytest.approx(0.5, abs=0.06)
    sent = dialled.recording.sent
    assert sent.origin_s + likeness(sent.samples, chirp(0.5))[1] / RATE == pytest.approx(
        said.start_s, abs=0.06
    )


async def test_a_reply_is_heard_after_our_own_words(caller: Phone, callee: Phone) -> None:
    dialled, received = await connect(caller, callee)

    async def reply() -> None:
        await received.says(burst(0.3))  # a greeting, which is not the reply
        await received.hears_speech(timeout=5)
        await received.hears_quiet(for_s=0.3, timeout=5)
        await received.says(burst(0.4))

    replying = asyncio.create_task(reply())
    greeting_s = await dialled.hears_speech(timeout=5)
    await dialled.hears_quiet(for_s=0.3, timeout=5)
    said = await dialled.says(burst(0.4))
    reply_s = await dialled.hears_speech(timeout=5)
    await replying

    assert greeting_s < said.start_s
    assert 0.25 < reply_s - said.end_s < 1.5
    assert [span.start_s for span in dialled.utterances()] == [greeting_s, reply_s]
    assert dialled.spoken == [said]


async def test_silence_is_no_speech(caller: Phone, callee: Phone) -> None:
    dialled, _ = await connect(caller, callee)
    with pytest.raises(NoSpeech, match=r"within 0\.3 s"):
        await dialled.hears_speech(timeout=0.3)


async def test_a_clip_can_be_cut_off(caller: Phone, callee: Phone) -> None:
    dialled, received = await connect(caller, callee)
    saying = asyncio.create_task(dialled.says(burst(30.0)))
    await received.hears_speech(timeout=5)
    saying.cancel()
    await received.hears_quiet(for_s=0.3, timeout=5)


async def test_digits_arrive_in_both_directions(caller: Phone, callee: Phone) -> None:
    dialled, received = await connect(caller, callee)
    await asyncio.gather(dialled.presses("12#"), received.presses("*0"))
    assert await received.hears_digits(3, timeout=5) == "12#"
    assert await dialled.hears_digits(2, timeout=5) == "*0"
    assert received.utterances() == []


async def test_an_unknown_key_is_refused(caller: Phone, callee: Phone) -> None:
    dialled, _ = await connect(caller, callee)
    with pytest.raises(PhoneError, match="keys"):
        await dialled.presses("x")


async def test_a_busy_far_end_fails_the_call(caller: Phone, callee: Phone) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    await callee.rejects(486, timeout=5)
    with pytest.raises(CallFailed) as failure:
        await dialled.answered(timeout=5)
    ending = await dialled.ended(timeout=5)
    assert (failure.value.status, failure.value.reason) == (486, "Busy Here")
    assert (ending.by, ending.how) == ("them", "refusal")
    assert wire(dialled)[-2:] == ["<486", ">ACK"]


async def test_a_cancelled_call_ends_with_487(caller: Phone, callee: Phone) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    received = await callee.rings(timeout=5)
    await dialled.ringing(timeout=5)
    dialled.cancel()
    ending = await dialled.ended(timeout=5)
    there = await received.ended(timeout=5)
    assert (ending.by, ending.how) == ("us", "cancel")
    assert (there.by, there.how) == ("them", "cancel")
    assert wire(dialled)[-4:] == [">CANCEL", "<200", "<487", ">ACK"]
    with pytest.raises(CallOver):
        await dialled.answered(timeout=1)
    with pytest.raises(CallOver):
        received.answers()


async def test_a_call_cancelled_before_any_response_is_cancelled_after_the_first(
    caller: Phone, callee: Phone
) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    await dialled.hangs_up()
    assert dialled.ending is not None
    assert dialled.ending.how == "cancel"
    assert wire(dialled) == [">INVITE", "<100", ">CANCEL", "<200", "<487", ">ACK"]
    with pytest.raises(NoCall):
        await callee.rings(timeout=0.1)


async def test_an_answer_that_crosses_the_cancel_is_hung_up(caller: Phone, callee: Phone) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    received = await callee.rings(timeout=5)
    await dialled.ringing(timeout=5)
    received.answers()
    dialled.cancel()
    await received.ended(timeout=5)
    await dialled.ended(timeout=5)
    assert wire(dialled)[3:6] == [">CANCEL", "<200", ">ACK"]
    assert ">BYE" in wire(dialled)


async def test_either_side_can_hang_up(caller: Phone, callee: Phone) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    received = await callee.answers(timeout=5)
    await received.hangs_up()
    ending = await dialled.ended(timeout=5)
    assert (ending.by, ending.how) == ("them", "bye")
    assert wire(received)[-3:] == ["<ACK", ">BYE", "<200"]
    with pytest.raises(CallOver):
        await dialled.says(burst(0.1))


async def test_words_are_cut_short_by_the_end_of_the_call(caller: Phone, callee: Phone) -> None:
    dialled, received = await connect(caller, callee)
    saying = asyncio.create_task(dialled.says(burst(30.0)))
    await received.hears_speech(timeout=5)
    await received.hangs_up()
    with pytest.raises(CallOver):
        await saying


async def test_a_far_end_that_only_rings_gives_no_final_answer(
    caller: Phone, callee: Phone
) -> None:
    dialled = await caller.dial(CALLEE, gateway=callee.address)
    await callee.rings(timeout=5)
    with pytest.raises(NoFinalAnswer):
        await dialled.answered(timeout=0.2)


async def test_a_phone_that_vanishes_sends_neither_audio_nor_bye(
    caller: Phone, callee: Phone
) -> None:
    dialled, received = await connect(caller, callee)
    await received.hears_quiet(for_s=0.2, timeout=5)
    dialled.stops_sending()
    before = len(received.recording.received.samples)
    await dialled.hears_quiet(for_s=0.6, timeout=5)
    assert len(received.recording.received.samples) - before < 0.2 * RATE
    assert received.ending is None
    with pytest.raises(PhoneError, match="stopped sending"):
        await dialled.says(burst(0.1))


async def test_leaving_the_phone_hangs_up_its_calls(callee: Phone) -> None:
    async with Phone(CALLER) as caller:
        _, received = await connect(caller, callee)
    assert (await received.ended(timeout=1)).how == "bye"


async def test_two_calls_at_once_keep_to_themselves(caller: Phone, callee: Phone) -> None:
    first, first_there = await connect(caller, callee)
    second, second_there = await connect(caller, callee)
    await asyncio.gather(first.presses("1"), second.presses("2"))
    assert await first_there.hears_digits(1, timeout=5) == "1"
    assert await second_there.hears_digits(1, timeout=5) == "2"


@pytest.fixture
async def other_make() -> AsyncIterator[tuple[SipUAS, SipUAC]]:
    """A user agent that is not ours: aiosipua alone."""
    transport = LoopbackSipTransport(("127.0.0.1", 0))
    client = SipUAC(transport)
    server = SipUAS(transport, uac=client)
    await server.start()
    yield server, client
    await server.stop()
    await asyncio.sleep(0)


async def test_a_repeated_invite_rings_once(
    callee: Phone, other_make: tuple[SipUAS, SipUAC]
) -> None:
    _, client = other_make
    invitation = client.send_invite(f"sip:{CALLER}@lab", f"sip:{CALLEE}@lab", callee.address)
    client.transport.send(invitation.invite, callee.address)
    await callee.rings(timeout=5)
    with pytest.raises(NoCall):
        await callee.rings(timeout=0.1)


async def test_an_invite_without_an_offer_is_refused(
    callee: Phone, other_make: tuple[SipUAS, SipUAC]
) -> None:
    _, client = other_make
    client.send_invite(f"sip:{CALLER}@lab", f"sip:{CALLEE}@lab", callee.address)
    with pytest.raises(PhoneError, match=r"488.*no SDP offer"):
        await callee.answers(timeout=5)


async def test_a_reinvite_is_answered_and_moves_the_audio(
    callee: Phone, other_make: tuple[SipUAS, SipUAC]
) -> None:
    _, client = other_make
    nowhere = offer(("127.0.0.1", 9), ["PCMU"])
    invitation = client.send_invite(
        f"sip:{CALLER}@lab", f"sip:{CALLEE}@lab", callee.address, nowhere
    )
    received = await callee.answers(timeout=5)
    await invitation.wait_answered(5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.setblocking(False)
        ear.bind(("127.0.0.1", 0))
        there = offer(ear.getsockname(), ["PCMU"])
        client.send_reinvite(invitation.dialog, there, callee.address)
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(ear, 2048)
    invites = [event.what for event in received.events if event.method == "INVITE"]
    assert invites == ["INVITE", "100", "180", "200", "INVITE", "200"]


async def test_a_codec_that_the_phone_does_not_have_is_named() -> None:
    with pytest.raises(PhoneError, match="PCMU, PCMA"):
        Phone(CALLER, codecs=["G722"])


async def test_a_header_that_cannot_be_sent_is_refused(caller: Phone, callee: Phone) -> None:
    with pytest.raises(ValueError, match=r".+"):
        await caller.dial(CALLEE, gateway=callee.address, headers={"X-A": "1\r\nX-B: 2"})


class ChallengingServer:
    """Answers a call only with the right digest; repeats each challenge as UDP servers do."""

    def __init__(self, user: str, password: str, status: int) -> None:
        self._user, self._password, self._status = user, password, status
        self._transport = LoopbackSipTransport(("127.0.0.1", 0))
        self._uas = SipUAS(self._transport)
        self._uas.on_invite = self._invited
        self.campaigns: list[str | None] = []

    async def __aenter__(self) -> tuple[str, int]:
        await self._uas.start()
        return self._transport.local_addr

    async def __aexit__(self, *_: object) -> None:
        await self._uas.stop()
        await asyncio.sleep(0)

    def _invited(self, call: IncomingCall) -> None:
        self.campaigns.append(call.invite.get_header("x-campaign"))
        given = "Authorization" if self._status == 401 else "Proxy-Authorization"
        credentials = call.invite.get_header(given)
        if credentials is None:
            self._challenge(call)
        elif self._is_right(call.invite, credentials):
            local = (self._transport.local_addr[0], 9)
            call.accept(answer(call.sdp_offer, local, ["PCMU"])[0])
        else:
            call.reject(403)

    def _challenge(self, call: IncomingCall) -> None:
        response = call.dialog.create_response(call.invite, self._status)
        name = "WWW-Authenticate" if self._status == 401 else "Proxy-Authenticate"
        response.headers.set_single(name, 'Digest realm="lab", nonce="n1", algorithm=MD5')
        call.dialog.terminate()  # or aiosipua takes the next INVITE for one within this dialog
        self._transport.send_reply(response)
        self._transport.send_reply(response)

    def _is_right(self, invite: SipRequest, credentials: str) -> bool:
        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        secret = md5(f"{self._user}:lab:{self._password}")
        expected = md5(f"{secret}:n1:{md5(f'INVITE:{invite.uri}')}")
        return parse_auth(credentials, credentials=True).params["response"] == expected


@pytest.mark.parametrize("status", [401, 407])
async def test_a_challenge_is_answered_with_the_callers_own_headers(status: int) -> None:
    server = ChallengingServer("trunk", "correct", status)
    async with server as address, Phone(CALLER, auth=("trunk", "correct")) as phone:
        call = await phone.dial(CALLEE, gateway=address, headers={"X-Campaign": "7"})
        await call.answered(timeout=5)
        again = f"<{status}"
        assert wire(call)[:4] == [">INVITE", "<100", again, ">ACK"]
        assert wire(call).count(">INVITE") == 2
        assert server.campaigns == ["7", "7"]


async def test_a_wrong_password_fails_the_call() -> None:
    server = ChallengingServer("trunk", "correct", 407)
    async with server as address, Phone(CALLER, auth=("trunk", "wrong")) as phone:
        call = await phone.dial(CALLEE, gateway=address)
        with pytest.raises(CallFailed) as failure:
            await call.answered(timeout=5)
        assert failure.value.status == 403


async def test_a_challenge_without_credentials_fails_the_call() -> None:
    async with ChallengingServer("trunk", "correct", 407) as address, Phone(CALLER) as phone:
        call = await phone.dial(CALLEE, gateway=address)
        with pytest.raises(CallFailed) as failure:
            await call.answered(timeout=5)
        assert failure.value.status == 407
