"""Assistants as keepers of memory: found by name, read by search, written by whole transcripts.

Backboard's memory belongs to an assistant and is shared by all its threads; an assistant carries
no data of ours but its name. So one assistant keeps the memory of one person.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from livekit.agents import APIError, APIStatusError

from .client import ASIDE_S, Client
from .models import Json

_PAGE = 50
"""Memories that one search gives at most; the service's own limit."""

_NOT_FOUND = 404


@dataclass(frozen=True)
class Fact:
    """One remembered sentence."""

    memory_id: str
    text: str
    created_at: str | None = None


class Memories:
    """The assistants' side of Backboard's API."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, name: str, *, within_s: float = ASIDE_S) -> str | None:
        """The id of the oldest assistant of exactly this name, or None.

        There may be several: two calls of one person at the same time may both have made one.

        Raises:
            APIError: it is not known.
        """
        found = await self._named(name, within_s)
        return found[0] if found else None

    async def create(self, name: str, *, extraction: str | None = None) -> str:
        """Makes an assistant; `extraction` tells how facts are drawn from what is written.

        Raises:
            APIError: it was not made, or not known to be.
        """
        body: Json = {"name": name, "system_prompt": ""}
        if extraction is not None:
            body["custom_fact_extraction_prompt"] = extraction
        made = await self._client.ask("POST", "/assistants", body)
        return _id_of(made)

    async def search(
        self, assistant_id: str, query: str, *, within_s: float = ASIDE_S
    ) -> list[str]:
        """The facts that come nearest to `query`, best first.

        Raises:
            APIError: they are not known.
        """
        path = f"{_path(assistant_id)}/memories/search"
        body = {"query": query, "limit": _PAGE}
        answer = await self._client.ask("POST", path, body, within_s=within_s)
        return [fact.text for fact in _facts(answer)]

    async def all(self, assistant_id: str) -> list[Fact]:
        """Every fact, in the service's order.

        Raises:
            APIError: they are not known.
        """
        return list(_facts(await self._client.ask("GET", f"{_path(assistant_id)}/memories")))

    async def ingest(self, assistant_id: str, text: str) -> None:
        """Has facts drawn from `text` in the background; no model answers it.

        Raises:
            APIError: it was not taken, or not known to be: asking again could write it twice.
        """
        await self._client.ask(
            "POST",
            "/threads/messages",
            {
                "content": text,
                "assistant_id": assistant_id,
                "send_to_llm": "false",
                "memory": "Auto",
                "stream": False,
            },
        )

    async def forget(self, name: str) -> int:
        """Deletes every assistant of this name with its memories and threads; returns how many.

        Raises:
            APIError: some may be left.
        """
        assistant_ids = await self._named(name, ASIDE_S)
        for assistant_id in assistant_ids:
            # The cascade is documented for threads and documents only.
            for path in (f"{_path(assistant_id)}/memories", _path(assistant_id)):
                await self._delete(path)
        return len(assistant_ids)

    async def _delete(self, path: str) -> None:
        try:
            await self._client.ask("DELETE", path)
        except APIStatusError as error:
            if error.status_code != _NOT_FOUND:
                raise

    async def _named(self, name: str, within_s: float) -> list[str]:
        path = f"/assistants?name={quote(name, safe='')}&limit=200"
        answer = await self._client.ask("GET", path, within_s=within_s)
        listed = answer.get("assistants") if isinstance(answer, dict) else answer
        if not isinstance(listed, list):
            raise _unreadable("assistants")
        # Older servers ignore the filter.
        same = [item for item in listed if isinstance(item, dict) and item.get("name") == name]
        same.sort(key=lambda item: str(item.get("created_at", "")))
        return [_id_of(item) for item in same]


def _id_of(assistant: Any) -> str:
    if not isinstance(assistant, dict) or not isinstance(assistant.get("assistant_id"), str):
        raise _unreadable("an assistant")
    return str(assistant["assistant_id"])


def _facts(answer: Any) -> Iterator[Fact]:
    listed = answer.get("memories") if isinstance(answer, dict) else None
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise _unreadable("memories")
    for item in listed:
        text = item.get("content") or item.get("memory")
        if isinstance(text, str) and text.strip():
            yield Fact(str(item.get("id", "")), text.strip(), item.get("created_at"))


def _unreadable(what: str) -> APIError:
    return APIError(f"Backboard told of {what} in a form that cannot be read.", retryable=False)


def _path(assistant_id: str) -> str:
    return f"/assistants/{quote(assistant_id, safe='')}"
