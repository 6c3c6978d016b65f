"""What the Backboard plugin adds to the wait: against a bare httpx read of the same stream."""

from __future__ import annotations

import asyncio
import gc
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from livekit.agents.llm import ChatContext
from rich.console import Console
from rich.table import Table

from bot.backboard import LLM
from tests.checks.emulator import emulated

ANSWER = "We are open Monday to Friday, from nine A M to five P M. Is there anything else?"
PROMPT = "You are the receptionist of Riverside Dental. Speak in short plain sentences. " * 8
CALL_TURNS = 20
"""A call of this many turns; then the next one begins."""

console = Console(stderr=True, highlight=False)


@dataclass
class Times:
    """Seconds from the request to the first word and to the end, one for each turn."""

    first_word_s: list[float] = field(default_factory=list)
    whole_s: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Milliseconds at p50 and p95."""
        return {
            f"{name}_p{p}_ms": round(float(np.percentile(values, p)) * 1000, 2)
            for name, values in (("first_word", self.first_word_s), ("whole", self.whole_s))
            for p in (50, 95)
        }


@dataclass
class Figures:
    """All sides of one run."""

    bare: Times = field(default_factory=Times)
    delta: Times = field(default_factory=Times)
    new_thread: Times = field(default_factory=Times)
    connections: int = 0
    """That the plugin made for all its turns."""
    turns: int = 0

    def added_ms(self) -> dict[str, dict[str, float]]:
        """What the plugin adds to the bare read, in milliseconds."""
        bare = self.bare.summary()
        sides = {"delta turn": self.delta.summary(), "new-thread turn": self.new_thread.summary()}
        return {
            name: {key: round(value - bare[key], 2) for key, value in side.items()}
            for name, side in sides.items()
        }


def run(turns: int) -> Figures:
    """Asks bare and through the plugin, in turn, until each has had `turns` answers."""
    with tempfile.TemporaryDirectory() as folder, emulated("backboard", Path(folder)) as url:
        return asyncio.run(_run(url, turns))


async def _run(url: str, turns: int) -> Figures:
    figures = Figures(turns=turns)
    async with httpx.AsyncClient(base_url=url, headers={"X-API-Key": "lab"}) as bare:
        await bare.put("/_lab/script", json=[{"say": ANSWER, "times": None}])
        with console.status("") as status:
            for index in range(-(-turns // CALL_TURNS)):
                status.update(f"call {index + 1} of {-(-turns // CALL_TURNS)}")
                await _call(url, bare, figures)
        log = (await bare.get("/_lab/requests")).json()
    ours = {entry["client_port"] for entry in log if (entry.get("metadata") or {}).get("turn")}
    figures.connections = len(ours)
    return figures


async def _call(url: str, bare: httpx.AsyncClient, figures: Figures) -> None:
    """One call in three ways: bare, by deltas on one thread, and each turn on a new thread."""
    async with (
        httpx.AsyncClient() as shared,
        LLM(api_key="lab", base_url=f"{url}/api", http_client=shared) as llm,
    ):
        ctx = ChatContext.empty()
        ctx.add_message(role="system", content=PROMPT)
        thread_id: str | None = None
        for index in range(CALL_TURNS):
            words = f"What are your opening hours, for the time number {index}?"
            gc.collect()  # not in the middle of a measurement
            thread_id = await _bare(bare, thread_id, words, figures.bare)
            ctx.add_message(role="user", content=words)
            answer = await _plugin(llm, ctx, figures.delta)
            async with LLM(api_key="lab", base_url=f"{url}/api", http_client=shared) as fresh:
                await _plugin(fresh, ctx, figures.new_thread)
            ctx.add_message(role="assistant", content=answer)


async def _bare(
    http: httpx.AsyncClient, thread_id: str | None, words: str, times: Times
) -> str | None:
    body: dict[str, Any] = {
        "content": words,
        "system_prompt": PROMPT,
        "stream": True,
        "llm_provider": "openai",
        "model_name": "gpt-4o",
        "memory": "off",
        "tools": [],
    }
    if thread_id:
        body["thread_id"] = thread_id
    began = time.perf_counter()
    first = None
    async with http.stream("POST", "/api/threads/messages", json=body) as response:
        async for line in response.aiter_lines():
            if not line:
                continue
            event = json.loads(line.removeprefix("data: "))
            thread_id = event.get("thread_id", thread_id)
            if event["type"] == "content_streaming" and first is None:
                first = time.perf_counter() - began
            if event["type"] == "run_ended":
                times.whole_s.append(time.perf_counter() - began)
    assert first is not None
    times.first_word_s.append(first)
    return thread_id


async def _plugin(llm: Any, ctx: ChatContext, times: Times) -> str:
    began = time.perf_counter()
    first = None
    said = ""
    async with llm.chat(chat_ctx=ctx) as stream:
        async for chunk in stream:
            if chunk.delta and chunk.delta.content:
                first = first or time.perf_counter() - began
                said += chunk.delta.content
    times.whole_s.append(time.perf_counter() - began)
    assert first is not None
    times.first_word_s.append(first)
    return said


def as_json(figures: Figures) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "turns": figures.turns,
        "bare": figures.bare.summary(),
        "added": figures.added_ms(),
        "connections_per_call": figures.connections / -(-figures.turns // CALL_TURNS),
    }


def table(figures: Figures) -> Table:
    """Milliseconds: the bare read, and what the plugin adds to it."""
    bare, added = figures.bare.summary(), figures.added_ms()
    shown = Table(
        f"{figures.turns} turns, ms", "first word p50", "p95", "whole p50", "p95", title=None
    )
    shown.add_row("bare httpx", *(f"{value:.2f}" for value in bare.values()))
    for name, side in added.items():
        shown.add_row(f"{name} adds", *(f"{value:+.2f}" for value in side.values()))
    calls = -(-figures.turns // CALL_TURNS)
    shown.add_row("connections", f"{figures.connections} for {calls} calls")
    return shown
