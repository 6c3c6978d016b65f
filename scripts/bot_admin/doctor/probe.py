"""One HTTP request that asks a service whether it is there."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import anyio._backends._asyncio  # noqa: F401  httpx imports it at its first request, 200 ms long
import httpx

WITHIN_S = 4.0
"""Under the deadline of a check, so that silence is told of by name."""


class Silence(Exception):
    """No answer came; the text says how: `does not answer within 4 s`."""


@dataclass(frozen=True)
class Answer:
    """What came back, and after how long, the connection's making included."""

    response: httpx.Response
    took_s: float

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def key_refused(self) -> bool:
        """Whether it was the key that did not please."""
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def took(self) -> str:
        """Such as `12 ms`."""
        return f"{self.took_s * 1000:.0f} ms"

    def json(self) -> Any:
        """The document, or None when it is none."""
        try:
            return self.response.json()
        except ValueError:
            return None


async def ask(
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    body: Any = None,
    through_proxy: bool = False,
    within_s: float = WITHIN_S,
) -> Answer:
    """Sends one request over a connection of its own.

    Raises:
        Silence: nothing came back.
    """
    async with httpx.AsyncClient(
        verify=_trusted_roots(), trust_env=through_proxy, timeout=None
    ) as http:
        began = time.monotonic()
        try:
            async with asyncio.timeout(within_s):
                response = await http.request(method, url, headers=headers, json=body)
        except TimeoutError:
            raise Silence(f"does not answer within {within_s:g} s") from None
        except httpx.ConnectError as error:
            raise Silence(f"cannot be reached ({error})") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Silence(f"does not answer ({type(error).__name__})") from None
        return Answer(response, time.monotonic() - began)


def place(url: str) -> str:
    """The host and port of a URL: what may be shown of it."""
    return urlsplit(url).netloc.rpartition("@")[2]


@functools.cache
def _trusted_roots() -> ssl.SSLContext:
    """Made once: reading the certificates takes 100 ms and more."""
    return httpx.create_ssl_context()
