"""A chat completion as it streams: the chunks of OpenAI's `chat.completion.chunk`."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lab.backboard import mind
from lab.backboard.mind import Line, Reply

Chunk = dict[str, Any]

_WORD = re.compile(r"\s*\S+")


def answer(messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> Reply:
    """What the lab's receptionist says to a conversation in OpenAI's form."""
    prompt = "\n".join(_text(m) for m in messages if m["role"] in ("system", "developer"))
    names = {
        call["id"]: call["function"]["name"] for m in messages for call in m.get("tool_calls") or []
    }
    lines: list[Line] = []
    for message in messages:
        role = message["role"]
        if role == "tool":
            lines.append(Line("tool", _text(message), names.get(message["tool_call_id"], "")))
        elif role == "user":
            lines.append(Line("caller", _text(message)))
        elif role == "assistant" and _text(message):
            lines.append(Line("receptionist", _text(message)))
    if lines and lines[-1].speaker == "tool":
        return mind.go_on([mind.ToolResult(lines[-1].tool, lines[-1].text)])
    *history, last = lines or [Line("caller", "hello")]
    return mind.reply(history, last.text, prompt, tools)


def chunks(reply: Reply, model: str, *, with_usage: bool) -> Iterator[Chunk]:
    """The reply word by word, its tool calls whole, and the end."""
    frame = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": model,
    }

    def chunk(delta: dict[str, Any], finish: str | None = None) -> Chunk:
        return {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    for word in _WORD.findall(reply.text):
        yield chunk({"role": "assistant", "content": word})
    for index, call in enumerate(reply.tool_calls):
        function = {"name": call.name, "arguments": json.dumps(dict(call.arguments))}
        wire = {"index": index, "id": f"call_{index}", "type": "function", "function": function}
        yield chunk({"role": "assistant", "tool_calls": [wire]})
    yield chunk({}, "tool_calls" if reply.tool_calls else "stop")
    if with_usage:
        words = len(reply.text.split())
        usage = {"prompt_tokens": words, "completion_tokens": words, "total_tokens": 2 * words}
        yield {**frame, "choices": [], "usage": usage}


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)
