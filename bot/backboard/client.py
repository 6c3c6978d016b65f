"""The HTTP side: which request goes where, over one kept-alive connection."""

from __future__ import annotations

import asyncio
import functools
import importlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from typing import Any, cast
from urllib.parse import quote

import httpx
from livekit.agents import APIError, APIStatusError, APITimeoutError

from . import errors, models, sse
from .log import logger
from .models import Event, Json
from .version import __version__

_KEEP_ALIVE_S = 120.0
"""A caller thinks for longer than httpx's 5 s; a new TLS connection would be heard."""

_DRAIN_S = 0.1
"""How long the end of a finished stream may be waited for, so that its connection is reused."""

ASIDE_S = 2.0
"""The most a request beside the answers may take."""

OnSent = Callable[[], None]
"""Called when a request begins to leave: from then on it may have landed."""

Exchange = AbstractAsyncContextManager[AsyncIterator[Event]]
"""A request under way: entered, it gives the events it is answered with."""


@functools.cache
def trusted_roots() -> ssl.SSLContext:
    """Made once a process: reading the certificates takes 100 ms and more, on the caller's time."""
    return httpx.create_ssl_context()


def preload() -> None:
    """Does the slow one-time work of the first client: call it before there is a caller."""
    httpx.AsyncHTTPTransport(verify=trusted_roots())  # httpx imports its transport on first use
    importlib.import_module("anyio._backends._asyncio")  # and anyio its backend, 200 ms long


def shared_http() -> httpx.AsyncClient:
    """A client for Backboard, to be shared by all that talks to it on one call."""
    return httpx.AsyncClient(
        verify=trusted_roots(),
        timeout=None,  # `deadlines` bounds every answer as a whole
        limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE_S),
    )


class Client:
    """Backboard's API, as far as the plugin uses it.

    Args:
        base_url: where Backboard is, with its `/api`.
        api_key: sent with every request.
        http_client: one to share; it is used as it is and not closed here.

    Raises:
        ValueError: the base URL is none.
    """

    def __init__(
        self, *, base_url: str, api_key: str, http_client: httpx.AsyncClient | None = None
    ) -> None:
        if not base_url.startswith(("https://", "http://")):
            raise ValueError("The Backboard base_url must begin with https:// or http://.")
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "X-API-Key": api_key,
            "User-Agent": f"livekit-plugins-backboard/{__version__}",
        }
        self._owns_http = http_client is None
        self._http = http_client or shared_http()

    async def aclose(self) -> None:
        """Closes the connections that are its own."""
        if self._owns_http:
            await self._http.aclose()

    async def warm(self) -> None:
        """Opens a connection and leaves it in the pool, with a request that costs no tokens."""
        await self.ask("GET", "/models/providers")

    async def ask(
        self, method: str, path: str, body: Json | None = None, *, within_s: float = ASIDE_S
    ) -> Any:
        """One request beside the answers; returns the JSON it is answered with.

        Raises:
            APIError: it failed, or took longer than `within_s`.
        """
        url = f"{self._base_url}{path}"
        with errors.translated():
            try:
                async with asyncio.timeout(within_s):
                    response = await self._http.request(
                        method, url, json=body, headers=self._headers, timeout=None
                    )
            except TimeoutError as error:
                raise APITimeoutError("Backboard did not answer in time.") from error
        if response.status_code >= 400:
            raise _refusal(response, response.content)
        try:
            return response.json()
        except ValueError:
            raise APIError("Backboard sent a document that cannot be read.") from None

    def send_message(self, body: Json, on_sent: OnSent) -> Exchange:
        """Posts a user message (a `models.MessageRequest`); gives the events of its run."""
        return self._stream("/threads/messages", body, on_sent)

    def submit_tool_outputs(
        self, thread_id: str, run_id: str, body: Json, on_sent: OnSent
    ) -> Exchange:
        """Posts the outputs a run waits for (a `models.ToolOutputsRequest`); gives what follows.

        `/threads/tool-outputs` would do it too, but takes no tools: the run would lose them.
        """
        path = f"{_run_path(thread_id, run_id)}/submit-tool-outputs?stream=true"
        return self._stream(path, body, on_sent)

    async def cancel_run(self, thread_id: str, run_id: str) -> None:
        """Tells Backboard that nobody waits for the run any more; bounded, and never raises.

        Cancelling a run that is over is no error there.
        """
        try:
            await self.ask("POST", f"{_run_path(thread_id, run_id)}/cancel")
        except APIError as error:
            logger.debug("cancelling a run failed", extra={"error": type(error).__name__})

    @asynccontextmanager
    async def _stream(
        self, path: str, body: Json, on_sent: OnSent
    ) -> AsyncGenerator[AsyncIterator[Event]]:
        headers = {
            **self._headers,
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",  # a compressor would hold tokens back
        }

        async def trace(step: str, _: object) -> None:
            if step == "http11.send_request_headers.started":
                on_sent()

        with errors.translated():
            async with self._http.stream(
                "POST",
                f"{self._base_url}{path}",
                json=body,
                headers=headers,
                timeout=None,
                extensions={"trace": trace},
            ) as response:
                await _check(response)
                async with aclosing(_events(response)) as events:
                    yield events
                    await _drain(events)


async def _check(response: httpx.Response) -> None:
    if response.status_code >= 400:
        raise _refusal(response, await response.aread())
    if response.headers.get("content-type", "").startswith("application/json"):
        raise errors.from_document(await response.aread())


def _refusal(response: httpx.Response, body: bytes) -> APIStatusError:
    return errors.from_status(
        response.status_code,
        body,
        request_id=response.headers.get("x-request-id"),
        retry_after=response.headers.get("retry-after"),
    )


async def _events(response: httpx.Response) -> AsyncGenerator[Event]:
    parser = sse.Parser()
    # httpx declares its generator as an iterator
    body = cast("AsyncGenerator[bytes]", response.aiter_bytes())
    async with aclosing(body) as chunks:
        async for chunk in chunks:
            for data in parser.feed(chunk):
                if (event := models.parse(data)) is not None:
                    yield event
    for data in parser.close():
        if (event := models.parse(data)) is not None:
            yield event


async def _drain(events: AsyncIterator[Event]) -> None:
    with suppress(TimeoutError, httpx.HTTPError, models.Unreadable):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in events:
                pass


def _run_path(thread_id: str, run_id: str) -> str:
    return f"/threads/{quote(thread_id, safe='')}/runs/{quote(run_id, safe='')}"
