"""The phone numbers of one LiveKit project, and those that it could buy.

`livekit.PhoneNumberService` is LiveKit Cloud's, and not in livekit-api: here its JSON Twirp is
spoken.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from livekit import api
from pydantic import TypeAdapter, ValidationError

from sip.errors import OutcomeUnknownError, RefusedError, RemoteError, UnreachableError
from sip.phone_number import HELD, PhoneNumber, wire_status
from sip.remote.refusal import refusal, unreachable

SERVICE = "twirp/livekit.PhoneNumberService"
PAGE = 50
"""Numbers asked for at a time; the service's own default."""
TIMEOUT_S = 30.0

_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_NUMBERS = TypeAdapter(tuple[PhoneNumber, ...])


@dataclass(frozen=True)
class _Response:
    status: int
    text: str

    def content(self) -> dict[str, Any] | None:
        """The JSON object in it, if that is what it holds."""
        try:
            content = json.loads(self.text)
        except ValueError:
            return None
        return content if isinstance(content, dict) else None


class PhoneNumbers:
    """The phone numbers of one LiveKit project. No request is ever repeated by itself."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: Callable[[], str]) -> None:
        self._http = http
        self._url = url
        self._token = token

    async def search(self, country: str, area_code: str, limit: int) -> list[PhoneNumber]:
        """Up to `limit` numbers that can be bought; an empty area code is any.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        query = {"countryCode": country, **({"areaCode": area_code} if area_code else {})}
        pages = self._pages("search numbers", "SearchPhoneNumbers", query, min(limit, PAGE))
        found: list[PhoneNumber] = []
        async for page in pages:
            found += page
            if len(found) >= limit:
                break
        return found[:limit]

    async def all(self, statuses: Iterable[str] = HELD) -> list[PhoneNumber]:
        """The project's numbers of these statuses.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        query = {"statuses": [wire_status(status) for status in statuses]}
        pages = self._pages("list numbers", "ListPhoneNumbers", query, PAGE)
        return [number async for page in pages for number in page]

    async def buy(self, numbers: Sequence[str], rule_id: str | None = None) -> list[PhoneNumber]:
        """Buys numbers, for the calls of a dispatch rule if one is given.

        Raises:
            OutcomeUnknownError: the request was sent and its answer was lost.
            RemoteError: LiveKit cannot be asked, or refuses; nothing was bought.
        """
        body = {"phoneNumbers": numbers, **({"sipDispatchRuleId": rule_id} if rule_id else {})}
        what = f"buy {', '.join(numbers)}"
        answer = await self._ask_once(what, "PurchasePhoneNumber", body)
        try:
            return list(_NUMBERS.validate_python(_field(answer, "phone_numbers", "phoneNumbers")))
        except ValidationError as error:
            raise _outcome_unknown(what, "its answer cannot be read") from error

    async def assign(self, number: PhoneNumber, rule_id: str) -> None:
        """Sends a number's calls to this dispatch rule, and to no other.

        Raises:
            RemoteError: LiveKit cannot be asked, or refuses.
        """
        body = {"id": number.id, "sipDispatchRuleId": rule_id}
        await self._ask(f"assign {number.e164}", "UpdatePhoneNumber", body)

    async def release(self, number: PhoneNumber) -> None:
        """Gives a number back; somebody else may have it next.

        Raises:
            OutcomeUnknownError: the request was sent and its answer was lost.
            RemoteError: LiveKit cannot be asked, or refuses; the number is still held.
        """
        what = f"release {number.e164}"
        await self._ask_once(what, "ReleasePhoneNumbers", {"ids": [number.id]})

    async def _pages(
        self, what: str, method: str, query: Mapping[str, Any], size: int
    ) -> AsyncIterator[tuple[PhoneNumber, ...]]:
        token: Any = None
        while True:
            body = {**query, "limit": size, **({"pageToken": token} if token else {})}
            answer = await self._ask(what, method, body)
            try:
                page = _NUMBERS.validate_python(answer.get("items") or ())
            except ValidationError as error:
                raise UnreachableError(
                    f"{self._url} does not {what} as LiveKit does; check LIVEKIT_URL."
                ) from error
            yield page
            before, token = token, _field(answer, "next_page_token", "nextPageToken")
            if not token or token == before or not page:
                return

    async def _ask(self, what: str, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            response = await self._post(method, body)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(self._url, error) from None
        return self._content(what, method, response)

    async def _ask_once(self, what: str, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """As `_ask`, for what costs money or cannot be undone: tells a no from not knowing."""
        try:
            response = await self._post(method, body)
        except _NOT_SENT as error:
            raise unreachable(self._url, error) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _outcome_unknown(what, type(error).__name__) from None
        if response.status >= 500 and response.status != HTTPStatus.NOT_IMPLEMENTED:
            raise _outcome_unknown(what, f"HTTP {response.status}")
        try:
            return self._content(what, method, response)
        except UnreachableError:
            raise _outcome_unknown(what, "it was not LiveKit's") from None

    async def _post(self, method: str, body: Mapping[str, Any]) -> _Response:
        path, headers = f"{SERVICE}/{method}", {"Authorization": f"Bearer {self._token()}"}
        async with self._http.post(
            path, json=body, headers=headers, allow_redirects=False
        ) as response:
            return _Response(response.status, await response.text(errors="replace"))

    def _content(self, what: str, method: str, response: _Response) -> dict[str, Any]:
        content = response.content()
        if response.status != HTTPStatus.OK:
            raise self._refusal(what, method, response.status, content or {})
        if content is None:
            raise UnreachableError(f"{self._url} answers not as LiveKit does; check LIVEKIT_URL.")
        return content

    def _refusal(
        self, what: str, method: str, status: int, answer: Mapping[str, Any]
    ) -> RemoteError:
        code, message = str(answer.get("code") or ""), str(answer.get("msg") or "")
        no_such_service = status == HTTPStatus.NOT_FOUND and code in ("", "bad_route")
        if no_such_service or code == "unimplemented":
            return RefusedError(
                f"LiveKit at {self._url} has no phone numbers: they are LiveKit Cloud's; "
                "on your own server declare your carrier's numbers in sip/trunks.toml."
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS or code == "resource_exhausted":
            remedy = (
                "the free plan has one number: release the one you have, or choose another plan "
                "in LiveKit's dashboard"
                if method == "PurchasePhoneNumber"
                else "wait a minute and run it again"
            )
            return RefusedError(f"LiveKit refuses to {what} ({message or status}); {remedy}.")
        return refusal(self._url, what, status, message)


@asynccontextmanager
async def phone_numbers(
    url: str, api_key: str, api_secret: str, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[PhoneNumbers]:
    """The phone numbers of the project at `url`; the connection closes with the context."""

    def token() -> str:
        grants = api.SIPGrants(admin=True)
        return api.AccessToken(api_key, api_secret).with_sip_grants(grants).to_jwt()

    base = "http" + url.removeprefix("ws") if url.startswith("ws") else url
    timeout = aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s / 2)
    async with aiohttp.ClientSession(f"{base.rstrip('/')}/", timeout=timeout) as http:
        yield PhoneNumbers(http, url, token)


def _outcome_unknown(what: str, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        f"LiveKit was asked to {what} and the answer was lost ({why}): it is not known whether it "
        "did; run `bot-admin number list` before anything else."
    )


def _field(answer: Mapping[str, Any], name: str, camel: str) -> Any:
    return answer.get(name, answer.get(camel))
