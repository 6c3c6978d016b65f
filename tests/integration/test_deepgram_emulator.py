"""LiveKit's Deepgram plugin, and a bare websocket, against the lab's emulator."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import itertools
import time
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import jiwer
import numpy as np
import numpy.typing as npt
import pytest
import soxr
from hibari import SAMPLE_RATE, Hibari
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError, stt
from livekit.agents.stt import SpeechEventType
from livekit.plugins import deepgram

from lab.deepgram.numerals import digits_to_words
from tests.checks.emulator import emulated

SCRIPTS = Path(__file__).parents[2] / "scripts"
SENTENCE = "I would like to book an appointment for Tuesday at three thirty, please."
OTHER = "Could you transfer me to a person in billing?"
QUERY = {
    "model": "nova-3",
    "encoding": "linear16",
    "sample_rate": "8000",
    "interim_results": "true",
    "vad_events": "true",
    "punctuate": "true",
    "endpointing": "25",
}
ONCE = APIConnectOptions(max_retry=0, timeout=5)

Pcm = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated("deepgram", tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture
async def lab(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base_url) as client:
        await client.delete("/_lab/requests")
        yield client
        await client.delete("/_lab/faults")


@pytest.fixture
async def http(base_url: str) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url) as session:
        yield session


@functools.cache
def voice() -> Any:
    return Hibari()


@functools.cache
def speech(text: str, sample_rate: int, silence_s: float = 1.0) -> Pcm:
    audio = soxr.resample(np.asarray(voice()(text)).ravel(), SAMPLE_RATE, sample_rate)
    pcm = np.concatenate([audio * 0.5, np.zeros(int(silence_s * sample_rate))])
    return (pcm * 32767).astype(np.int16)


def plugin(http: aiohttp.ClientSession, base_url: str, **options: Any) -> deepgram.STT:
    return deepgram.STT(
        api_key="lab", base_url=f"{base_url}/v1/listen", http_session=http, **options
    )


def frames(pcm: Pcm, sample_rate: int) -> Iterator[rtc.AudioFrame]:
    step = sample_rate // 50
    for begin in range(0, len(pcm) - step + 1, step):
        yield rtc.AudioFrame(pcm[begin : begin + step].tobytes(), sample_rate, 1, step)


async def listen(
    service: deepgram.STT, *speeches: Pcm, sample_rate: int, last_word: str
) -> list[stt.SpeechEvent]:
    """The events of one stream, fed as fast as it takes audio, until its last word is final."""
    events: list[stt.SpeechEvent] = []
    async with service.stream(conn_options=ONCE) as stream:
        for frame in itertools.chain.from_iterable(frames(pcm, sample_rate) for pcm in speeches):
            stream.push_frame(frame)
        async for event in stream:
            if event.type is not SpeechEventType.RECOGNITION_USAGE:
                events.append(event)
            heard = " ".join(texts(events, SpeechEventType.FINAL_TRANSCRIPT)).lower()
            if last_word in heard and event.type is SpeechEventType.END_OF_SPEECH:
                break
    return events


def texts(events: list[stt.SpeechEvent], kind: SpeechEventType) -> list[str]:
    return [event.alternatives[0].text for event in events if event.type is kind]


def word_errors(said: str, heard: str) -> float:
    def plain(text: str) -> str:
        spoken = digits_to_words(text).lower()
        return "".join(c for c in spoken if c.isalpha() or c in " '")

    return float(jiwer.wer(plain(said), plain(heard)))


def stream(http: aiohttp.ClientSession, **options: str) -> Any:
    return http.ws_connect(
        "/v1/listen", params=QUERY | options, headers={"Authorization": "Token lab"}
    )


async def send(ws: aiohttp.ClientWebSocketResponse, pcm: Pcm) -> None:
    for begin in range(0, len(pcm), 400):
        await ws.send_bytes(pcm[begin : begin + 400].tobytes())


async def until(ws: aiohttp.ClientWebSocketResponse, **fields: Any) -> list[dict[str, Any]]:
    """The messages up to the first that has these fields."""
    received: list[dict[str, Any]] = []
    while not received or not fields.items() <= received[-1].items():
        received.append(await ws.receive_json(timeout=10))
    return received


def spoken(message: dict[str, Any]) -> str:
    return str(message["channel"]["alternatives"][0]["transcript"])


@pytest.mark.parametrize("sample_rate", [8_000, 16_000])
async def test_the_plugin_hears_what_was_said(
    http: aiohttp.ClientSession, base_url: str, sample_rate: int
) -> None:
    service = plugin(http, base_url, sample_rate=sample_rate)
    said = [speech(text, sample_rate) for text in (SENTENCE, OTHER)]

    events = await listen(service, *said, sample_rate=sample_rate, last_word="billing")

    heard = " ".join(texts(events, SpeechEventType.FINAL_TRANSCRIPT))
    assert word_errors(f"{SENTENCE} {OTHER}", heard) < 0.2
    kinds = [event.type for event in events]
    assert kinds.index(SpeechEventType.START_OF_SPEECH) == 0
    interim = kinds.index(SpeechEventType.INTERIM_TRANSCRIPT)
    final = kinds.index(SpeechEventType.FINAL_TRANSCRIPT)
    assert interim < final < kinds.index(SpeechEventType.END_OF_SPEECH)


async def test_live_speech_gives_interim_results_on_the_way_and_a_final_soon_after(
    http: aiohttp.ClientSession, base_url: str
) -> None:
    pcm = speech(OTHER, 16_000)
    last_sound_s = np.flatnonzero(np.abs(pcm) > 300)[-1] / 16_000
    arrivals: list[tuple[float, stt.SpeechEvent]] = []
    async with plugin(http, base_url).stream(conn_options=ONCE) as stream:
        reader = asyncio.create_task(_collect(stream, arrivals))
        begun = time.monotonic()
        for index, frame in enumerate(frames(pcm, 16_000), start=1):
            stream.push_frame(frame)
            await asyncio.sleep(max(0.0, begun + index * 0.02 - time.monotonic()))
        reader.cancel()
        await asyncio.wait([reader])

    interim = [at for at, event in arrivals if event.type is SpeechEventType.INTERIM_TRANSCRIPT]
    final = [at for at, event in arrivals if event.type is SpeechEventType.FINAL_TRANSCRIPT]
    assert sum(at - begun < last_sound_s for at in interim) >= 3
    assert final[-1] - begun - last_sound_s < 0.9  # measured: 0.25


async def _collect(stream: stt.SpeechStream, into: list[tuple[float, stt.SpeechEvent]]) -> None:
    async for event in stream:
        into.append((time.monotonic(), event))


async def test_two_callers_at_once_get_their_own_words(
    http: aiohttp.ClientSession, base_url: str
) -> None:
    both = await asyncio.gather(
        *(
            listen(plugin(http, base_url), speech(text, 16_000), sample_rate=16_000, last_word=last)
            for text, last in ((SENTENCE, "please"), (OTHER, "billing"))
        )
    )

    for text, events in zip((SENTENCE, OTHER), both, strict=True):
        assert word_errors(text, " ".join(texts(events, SpeechEventType.FINAL_TRANSCRIPT))) < 0.2


async def test_a_recording_is_recognised(http: aiohttp.ClientSession, base_url: str) -> None:
    frame = rtc.combine_audio_frames(list(frames(speech(SENTENCE, 16_000), 16_000)))

    event = await plugin(http, base_url).recognize(frame)

    assert word_errors(SENTENCE, event.alternatives[0].text) < 0.2
    assert event.alternatives[0].words


async def test_finalize_flushes_words_that_no_pause_has_ended(http: aiohttp.ClientSession) -> None:
    pcm = speech(OTHER, 8_000)
    async with stream(http) as ws:
        await send(ws, pcm[: np.flatnonzero(np.abs(pcm) > 300)[-1]])
        await ws.send_json({"type": "Finalize"})
        last = (await until(ws, from_finalize=True))[-1]

    assert last["is_final"]
    assert word_errors(OTHER, spoken(last)) < 0.2


async def test_without_endpointing_nothing_is_final_before_finalize(
    http: aiohttp.ClientSession,
) -> None:
    async with stream(http, endpointing="false") as ws:
        await send(ws, speech(OTHER, 8_000))
        await ws.send_json({"type": "Finalize"})
        messages = await until(ws, from_finalize=True)

    assert [m for m in messages if m.get("is_final")] == messages[-1:]


async def test_speech_start_and_utterance_end_are_told(http: aiohttp.ClientSession) -> None:
    pcm = speech("Yes, of course.", 8_000, 2.0)
    async with stream(http, utterance_end_ms="1000") as ws:
        await send(ws, pcm)
        messages = await until(ws, type="UtteranceEnd")

    first_sound_s, last_sound_s = np.flatnonzero(np.abs(pcm) > 300)[[0, -1]] / 8_000
    assert messages[0]["type"] == "SpeechStarted"
    assert messages[0]["timestamp"] == pytest.approx(first_sound_s, abs=0.2)
    assert messages[-1]["last_word_end"] == pytest.approx(last_sound_s, abs=0.3)


async def test_neither_is_told_unless_asked_for(http: aiohttp.ClientSession) -> None:
    async with stream(http, vad_events="false", interim_results="false") as ws:
        await send(ws, speech("Yes, of course.", 8_000, 2.0))
        await ws.send_json({"type": "CloseStream"})
        messages = await until(ws, type="Metadata")

    assert {m["type"] for m in messages} == {"Results", "Metadata"}
    assert all(m["is_final"] for m in messages[:-1])


async def test_mulaw_is_heard(http: aiohttp.ClientSession) -> None:
    samples = speech(OTHER, 8_000).astype(np.float64) / 32768
    companded = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log1p(255)
    code = ~(np.where(samples < 0, 128, 0) | np.round(np.abs(companded) * 127).astype(int)) & 255
    async with stream(http, encoding="mulaw") as ws:
        await ws.send_bytes(code.astype(np.uint8).tobytes())
        await ws.send_json({"type": "CloseStream"})
        messages = await until(ws, type="Metadata")

    heard = " ".join(spoken(m) for m in messages[:-1] if m.get("is_final"))
    assert word_errors(OTHER, heard) < 0.2


async def test_line_noise_gives_empty_results_only(http: aiohttp.ClientSession) -> None:
    noise = (np.random.default_rng(1).standard_normal(8_000 * 11) * 60).astype(np.int16)
    async with stream(http) as ws:
        await send(ws, noise)
        await ws.send_json({"type": "CloseStream"})
        messages = await until(ws, type="Metadata")

    assert [spoken(m) for m in messages[:-1]] == ["", "", ""]  # two of silence, one of the close
    assert messages[-1]["duration"] == pytest.approx(11.0)
    assert sum(m["duration"] for m in messages[:-1]) == pytest.approx(11.0, abs=0.04)


async def test_close_stream_ends_with_metadata_and_a_clean_close(
    http: aiohttp.ClientSession, lab: httpx.AsyncClient
) -> None:
    async with stream(http) as ws:
        await send(ws, speech(OTHER, 8_000))
        await ws.send_json({"type": "KeepAlive"})
        await ws.send_json({"type": "CloseStream"})
        await until(ws, type="Metadata")
        closed = await ws.receive(timeout=5)

    assert closed.type is aiohttp.WSMsgType.CLOSE
    assert ws.close_code == 1000
    (entry,) = (await lab.get("/_lab/requests")).json()
    assert (entry["kind"], entry["options"]["model"]) == ("listen", "nova-3")
    assert entry["bytes"] == 2 * len(speech(OTHER, 8_000))
    assert entry["seconds"] == pytest.approx(entry["bytes"] / 16_000, abs=0.001)
    assert word_errors(OTHER, " ".join(entry["transcripts"])) < 0.2
    assert entry["close_code"] == 1000


@pytest.mark.parametrize(
    "key", [{}, *({"Authorization": text} for text in ("Token", "Basic abc", "Token wrong"))]
)
async def test_a_request_without_a_right_key_is_refused(
    lab: httpx.AsyncClient, http: aiohttp.ClientSession, key: dict[str, str]
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect("/v1/listen", params=QUERY, headers=key)
    assert refused.value.status == 401

    reply = await lab.post("/v1/listen", params=QUERY, headers=key)
    assert (reply.status_code, reply.json()["err_code"]) == (401, "INVALID_AUTH")
    assert (await lab.get("/v1/auth/token", headers=key)).status_code == 401


async def test_a_right_key_is_told_to_be_one(lab: httpx.AsyncClient) -> None:
    reply = await lab.get("/v1/auth/token", headers={"Authorization": "Token lab"})
    assert reply.json()["scopes"] == ["usage:write"]


async def test_an_unknown_model_is_refused_in_deepgrams_words(lab: httpx.AsyncClient) -> None:
    reply = await lab.post(
        "/v1/listen", params=QUERY | {"model": "nova-9"}, headers={"Authorization": "Token lab"}
    )

    assert reply.status_code == 400
    assert reply.json()["err_code"] == "Bad Request"
    assert "No such model" in reply.json()["err_msg"]
    assert reply.json()["request_id"] == reply.headers["dg-request-id"]


async def test_audio_that_is_no_audio_is_refused(lab: httpx.AsyncClient) -> None:
    stereo = io.BytesIO()
    with wave.open(stereo, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(8_000)
    reply = await lab.post(
        "/v1/listen",
        params={"model": "nova-3"},
        headers={"Authorization": "Token lab"},
        content=stereo.getvalue(),
    )

    assert reply.status_code == 400
    assert "mono" in reply.json()["err_msg"]


async def test_a_status_fault_refuses_the_websocket(
    http: aiohttp.ClientSession, base_url: str, lab: httpx.AsyncClient
) -> None:
    await lab.put("/_lab/faults", json={"fault": "status", "status": 503, "times": 1})
    service = plugin(http, base_url)

    with pytest.raises(APIStatusError) as refused:
        await listen(service, speech(OTHER, 16_000), sample_rate=16_000, last_word="billing")

    assert refused.value.status_code == 503
    assert await listen(service, speech(OTHER, 16_000), sample_rate=16_000, last_word="billing")


async def test_a_close_fault_drops_the_websocket_with_1011(
    http: aiohttp.ClientSession, base_url: str, lab: httpx.AsyncClient
) -> None:
    await lab.put("/_lab/faults", json={"fault": "close", "after_chunks": 1})
    arrivals: list[tuple[float, stt.SpeechEvent]] = []

    async with plugin(http, base_url).stream(conn_options=ONCE) as stream:
        for frame in frames(speech(OTHER, 16_000), 16_000):
            stream.push_frame(frame)
        with pytest.raises(APIStatusError) as dropped:
            await _collect(stream, arrivals)

    assert dropped.value.status_code == 1011
    assert len(texts([e for _, e in arrivals], SpeechEventType.INTERIM_TRANSCRIPT)) == 1
    (entry,) = (await lab.get("/_lab/requests")).json()
    assert (entry["results"], entry["close_code"]) == (1, 1011)


async def test_a_stall_fault_holds_results_until_it_is_cleared(
    http: aiohttp.ClientSession, lab: httpx.AsyncClient
) -> None:
    await lab.put("/_lab/faults", json={"fault": "stall", "after_chunks": 1})
    async with stream(http, vad_events="false") as ws:
        await send(ws, speech(OTHER, 8_000))
        assert not (await ws.receive_json(timeout=5))["is_final"]
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=1)

        await lab.delete("/_lab/faults")

        assert word_errors(OTHER, spoken((await until(ws, speech_final=True))[-1])) < 0.2


async def test_first_byte_delays_each_utterances_first_result(
    http: aiohttp.ClientSession, lab: httpx.AsyncClient
) -> None:
    await lab.put("/_lab/faults", json={"first_byte_s": 0.6})
    async with stream(http) as ws:
        for _ in range(2):
            begun = time.monotonic()
            await send(ws, speech("Yes, of course.", 8_000))
            await until(ws, type="SpeechStarted")
            await until(ws, type="Results")
            assert time.monotonic() - begun > 0.6
            await until(ws, speech_final=True)


async def test_an_ending_emulator_says_goodbye_to_open_streams(tmp_path: Path) -> None:
    with contextlib.ExitStack() as running:
        url = running.enter_context(emulated("deepgram", tmp_path))
        async with aiohttp.ClientSession(url) as http, stream(http) as ws:
            await send(ws, speech(OTHER, 8_000))
            await until(ws, speech_final=True)
            ending = asyncio.create_task(asyncio.to_thread(running.close))
            closed = await ws.receive(timeout=5)
            await ending

    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1001)
