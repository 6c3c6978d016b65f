"""The body of an answer to `POST /tts/bytes`: one transcript as raw audio, streamed."""

from __future__ import annotations

from aiohttp import web

from lab.cartesia.context import Context
from lab.cartesia.messages import Speak
from lab.cartesia.spoken import Spoken
from lab.cartesia.synthesis import Synthesis
from lab.cartesia.track import Track
from lab.faults import Answer


async def stream(
    request: web.Request, speak: Speak, synthesis: Synthesis, answer: Answer, spoken: Spoken
) -> web.StreamResponse:
    """Streams the audio at the pace of `answer`.

    Raises Dropped for the fault `close`, and ConnectionResetError when the client has hung up.
    """
    response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
    rate = speak.output_format.sample_rate
    track = Track(rate)
    spoken.heard(speak.transcript)
    for piece in Context(managed=False).push(speak.transcript):
        samples = await synthesis.say(piece, rate)
        for audio in track.add(samples).chunks() if len(samples) else ():
            await answer.pace()
            if not response.prepared:
                await response.prepare(request)
            await response.write(audio)
            spoken.sent()
    if not response.prepared:
        await response.prepare(request)
    await response.write_eof()
    spoken.done()
    return response
