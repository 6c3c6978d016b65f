from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import httpx
import jiwer
import numpy as np
import pytest
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)
from livekit.agents.tts import SynthesizedAudio
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.agents.utils import is_given
from livekit.agents.voice.io import TimedString
from livekit.plugins import cartesia
from numpy.typing import NDArray

from lab.recognizer import Recognizer
from tests.checks.emulator import emulated

RATE = 24000
TEXT = "Thank you for calling Riverside Dental. How can I help you today?"
ONCE = APIConnectOptions(max_retry=0, timeout=2)

Lab = httpx.AsyncClient
Http = aiohttp.ClientSession
WebSocket = aiohttp.ClientWebSocketResponse


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulator's base URL; one process for the module."""
    with emulated("cartesia", tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture
async def control(emulator: str) -> AsyncIterator[Lab]:
    """The control API, with no faults and an empty log."""
    async with httpx.AsyncClient(base_url=f"{emulator}/_lab") as client:
        await client.delete("/faults")
        await client.delete("/requests")
        yield client
        await client.delete("/faults")


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def tts(emulator: str, control: Lab, http: Http) -> AsyncIterator[cartesia.TTS]:
    plugin = cartesia.TTS(api_key="lab", base_url=emulator, sample_rate=RATE, http_session=http)
    yield plugin
    await plugin.aclose()


async def spoken(tts: cartesia.TTS, text: str) -> list[SynthesizedAudio]:
    """Every frame of `text`, through the plugin's websocket."""
    async with tts.stream(conn_options=ONCE) as stream:
        stream.push_text(text)
        stream.end_input()
        return [audio async for audio in stream]


def samples(frames: list[SynthesizedAudio]) -> NDArray[np.int16]:
    return np.concatenate([np.frombuffer(audio.frame.data, np.int16) for audio in frames])


def leading_silence_s(audio: NDArray[np.int16]) -> float:
    return float(np.flatnonzero(np.abs(audio.astype(float)) > 0.01 * 32768)[0] / RATE)


def words(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower())


async def log(control: Lab) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (await control.get("/requests")).json()
    return entries


async def test_the_plugin_hears_what_it_asked_for(tts: cartesia.TTS, control: Lab) -> None:
    audio = samples(await spoken(tts, TEXT))
    assert 2.0 < len(audio) / RATE < 5.0
    assert leading_silence_s(audio) < 0.08
    heard = Recognizer().transcribe(audio, RATE)
    assert jiwer.wer(words(TEXT), words(heard)) < 0.15
    [entry] = await log(control)
    assert entry["kind"] == "speak"
    assert entry["text"].strip() == TEXT
    assert (entry["model"], entry["sample_rate"], entry["done"]) == ("sonic-3", RATE, True)
    assert entry["chunks"] > 20
    assert not entry["cancelled"]


async def test_the_silence_of_the_offline_voice_can_be_left_in(
    tts: cartesia.TTS, control: Lab
) -> None:
    try:
        (await control.put("/voice", json={"trim": False})).raise_for_status()
        assert leading_silence_s(samples(await spoken(tts, TEXT))) > 0.2
    finally:
        (await control.put("/voice", json={"trim": True})).raise_for_status()


async def test_words_reach_the_plugin_with_their_times(tts: cartesia.TTS) -> None:
    frames = await spoken(tts, TEXT)
    timed: list[TimedString] = [
        word for audio in frames for word in audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    ]
    assert "".join(timed) == TEXT
    times = [t for word in timed for t in (word.start_time, word.end_time) if is_given(t)]
    assert len(times) == 2 * len(timed)
    assert times == sorted(times)
    assert times[-1] == pytest.approx(len(samples(frames)) / RATE, abs=0.02)


async def test_bytes_speaks_over_plain_http(tts: cartesia.TTS) -> None:
    frame = await tts.synthesize(TEXT, conn_options=ONCE).collect()
    assert 2.0 < frame.duration < 5.0
    assert frame.sample_rate == RATE


async def test_hanging_up_midway_is_a_cancel(tts: cartesia.TTS, control: Lab) -> None:
    await control.put("/faults", json={"chunk_s": 0.2})
    stream = tts.stream(conn_options=ONCE)
    stream.push_text(TEXT)
    stream.end_input()
    await anext(stream)
    await stream.aclose()
    await (
        tts.aclose()
    )  # the plugin never sends `cancel`: it closes the websocket, and that only now
    assert await cancelled(control)


async def cancelled(control: Lab) -> bool:
    """Whether the only entry ends as cancelled; asks again until it has ended."""
    while True:
        [entry] = await log(control)
        if entry["cancelled"] or entry["done"]:
            return bool(entry["cancelled"])


async def test_a_slow_first_byte_is_waited_for(tts: cartesia.TTS, control: Lab) -> None:
    await control.put("/faults", json={"first_byte_s": 0.3})
    assert len(samples(await spoken(tts, "Hello.")))
    [entry] = await log(control)
    assert entry["first_byte_ms"] >= 300


async def test_a_refused_connection_shows_its_status(tts: cartesia.TTS, control: Lab) -> None:
    await control.put("/faults", json={"fault": "status", "status": 503})
    with pytest.raises(APIStatusError) as refused:
        await spoken(tts, TEXT)
    assert refused.value.status_code == 503
    with pytest.raises(APIStatusError) as refused:
        await tts.synthesize(TEXT, conn_options=ONCE).collect()
    assert refused.value.status_code == 503


async def test_an_error_on_an_open_websocket_is_raised(tts: cartesia.TTS, control: Lab) -> None:
    await spoken(tts, "Hello.")
    await control.put("/faults", json={"fault": "status", "status": 500})
    with pytest.raises(APIError, match="no audio frames"):  # the plugin reads `done`, not `error`
        await spoken(tts, TEXT)


@pytest.mark.parametrize("after_chunks", [0, 2])
async def test_a_connection_lost_midway_is_an_error(
    tts: cartesia.TTS, control: Lab, after_chunks: int
) -> None:
    await control.put("/faults", json={"fault": "close", "after_chunks": after_chunks})
    with pytest.raises(APIStatusError, match="closed unexpectedly"):
        await spoken(tts, TEXT)
    with pytest.raises(APIConnectionError):
        await tts.synthesize(TEXT, conn_options=ONCE).collect()


async def test_a_stalled_answer_times_out(tts: cartesia.TTS, control: Lab) -> None:
    await control.put("/faults", json={"fault": "stall", "after_chunks": 1})
    with pytest.raises(APITimeoutError):
        await spoken(tts, TEXT)


@pytest.fixture
async def websocket(emulator: str, control: Lab, http: Http) -> AsyncIterator[WebSocket]:
    """A websocket of our own, for what the plugin does not say."""
    url = f"{emulator}/tts/websocket?cartesia_version=2025-04-16"
    async with http.ws_connect(url, headers={"X-API-Key": "lab"}) as socket:
        yield socket


def request(context_id: str, transcript: str, **fields: Any) -> dict[str, Any]:
    return {
        "context_id": context_id,
        "transcript": transcript,
        "model_id": "sonic-9",
        "voice": {"mode": "id", "id": "nobody"},
        "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": 8000},
        **fields,
    }


async def until(websocket: WebSocket, *kinds: str) -> list[dict[str, Any]]:
    """Messages up to the first of one of these types, which is the last."""
    messages: list[dict[str, Any]] = []
    while not messages or messages[-1]["type"] not in kinds:
        messages.append(await websocket.receive_json(timeout=5))
    return messages


async def test_an_unended_sentence_is_spoken_after_a_delay(
    websocket: WebSocket, control: Lab
) -> None:
    patient = {"continue": True, "max_buffer_delay_ms": 250}
    await websocket.send_json(request("one", "Let me see", **patient))
    await until(websocket, "chunk")
    [entry] = await log(control)
    assert 250 <= entry["first_byte_ms"] < 2000
    assert (entry["model"], entry["voice"]) == ("sonic-9", "nobody")


async def test_a_flush_speaks_at_once_and_is_numbered(
    websocket: WebSocket,
) -> None:
    await websocket.send_json(request("one", "Let me see", **{"continue": True}))
    await websocket.send_json(request("one", "", flush=True, **{"continue": True}))
    first = await until(websocket, "flush_done")
    await websocket.send_json(request("one", "Here it is."))
    second = await until(websocket, "done")
    assert {message["flush_id"] for message in first} == {1}
    assert {message["flush_id"] for message in second if message["type"] == "chunk"} == {2}


async def test_contexts_are_spoken_side_by_side(websocket: WebSocket, control: Lab) -> None:
    await control.put("/faults", json={"chunk_s": 0.02})
    await websocket.send_json(request("one", TEXT))
    await websocket.send_json(request("two", "Hello."))
    messages = await until(websocket, "done")
    assert {message["context_id"] for message in messages} == {"one", "two"}
    assert messages[-1]["context_id"] == "two"


async def test_a_cancelled_context_alone_falls_silent(websocket: WebSocket, control: Lab) -> None:
    await control.put("/faults", json={"chunk_s": 0.05})
    await websocket.send_json(request("one", TEXT))
    await until(websocket, "chunk")
    await websocket.send_json({"context_id": "one", "cancel": True})
    await websocket.send_json(request("two", "Hello."))
    heard = [message["context_id"] for message in await until(websocket, "done")]
    assert set(heard[heard.index("two") :]) == {"two"}
    first, second = await log(control)
    assert (first["cancelled"], first["done"]) == (True, False)
    assert (second["cancelled"], second["done"]) == (False, True)


async def test_a_first_transcript_without_words_is_an_error(
    websocket: WebSocket,
) -> None:
    await websocket.send_json(request("one", " "))
    error = await websocket.receive_json(timeout=5)
    assert (error["type"], error["done"], error["status_code"]) == ("error", True, 400)
    assert error["context_id"] == "one"
    assert "transcript empty" in error["error"]


async def test_an_ended_context_takes_no_more(
    websocket: WebSocket,
) -> None:
    await websocket.send_json(request("one", "Hello."))
    await until(websocket, "done")
    await websocket.send_json(request("one", "Hello again."))
    assert (await websocket.receive_json(timeout=5))["status_code"] == 400


@pytest.mark.parametrize(("only", "status"), [("Cartesia-Version", 401), ("X-API-Key", 400)])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/tts/bytes"), ("GET", "/tts/websocket"), ("GET", "/voices")]
)
async def test_nobody_gets_in_without_key_and_version(
    emulator: str, method: str, path: str, only: str, status: int
) -> None:
    async with httpx.AsyncClient(base_url=emulator, headers={only: "lab"}) as client:
        assert (await client.request(method, path)).status_code == status
        both = {"Cartesia-Version": "2025-04-16", "X-API-Key": "wrong"}
        assert (await client.request(method, path, headers=both)).status_code == 401
