"""What a leg costs: words for tokens, and a price for each."""

from __future__ import annotations

from typing import Any

from lab.backboard.threads import Run, Thread

_INPUT_USD = 2.5e-06
_CACHED_USD = 1.25e-06
_OUTPUT_USD = 1e-05


def count(thread: Thread, run: Run, text: str) -> dict[str, Any]:
    """The usage of a leg that says `text`; the thread holds everything the model is told.

    What the thread's last leg was told is in the provider's cache, as long as the prompt is the
    same.
    """
    heard = [run.system_prompt, *(message.content for message in thread.messages)]
    tokens = sum(_words(part) for part in heard)
    prompt, known = thread.cached
    cached = known if prompt == run.system_prompt else 0
    thread.cached = (run.system_prompt, tokens)
    said = _words(text)
    cost = (tokens - cached) * _INPUT_USD + cached * _CACHED_USD + said * _OUTPUT_USD
    return {
        "input_tokens": tokens,
        "output_tokens": said,
        "total_tokens": tokens + said,
        "cached_input_tokens": cached,
        "cache_write_input_tokens": tokens - cached,
        "cost_usd": round(cost, 8),
    }


def _words(text: str) -> int:
    return len(text.split())
