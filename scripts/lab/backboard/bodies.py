"""The request bodies, checked as strictly as the real service's FastAPI models check them."""

from __future__ import annotations

from typing import Any, Literal, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

Body = TypeVar("Body", bound=BaseModel)

_UUID = TypeAdapter(UUID)
_FLAG = TypeAdapter(bool)
_MEMORY = ("Auto", "Readonly", "off")


class Rejected(Exception):
    """The request is answered with this HTTP status and `detail`."""

    def __init__(self, status: int, detail: str | list[dict[str, Any]]) -> None:
        super().__init__(f"answer HTTP {status}: {detail}")
        self.status = status
        self.detail = detail


class MessageBody(BaseModel):
    """`POST /threads/messages`."""

    model_config = ConfigDict(strict=True, frozen=True)

    content: str = ""
    stream: bool = False
    thread_id: UUID | None = None
    assistant_id: UUID | None = None
    system_prompt: str | None = None
    llm_provider: str | None = None
    model_name: str | None = None
    memory: str | None = None
    memory_pro: str | None = None
    send_to_llm: Literal["true", "false"] | bool = "true"
    tools: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | Json[dict[str, Any]] | None = None

    def wants_run(self) -> bool:
        """Whether the model is to answer."""
        return self.send_to_llm in ("true", True)

    def misspelt_memory(self) -> bool:
        """Whether `memory` has a spelling the service silently takes for `off`."""
        return self.memory is not None and self.memory not in _MEMORY


class ToolOutput(BaseModel):
    """The result of one call."""

    model_config = ConfigDict(strict=True, frozen=True)

    tool_call_id: str
    output: str


class ToolOutputsBody(BaseModel):
    """`POST /threads/{t}/runs/{r}/submit-tool-outputs`."""

    model_config = ConfigDict(strict=True, frozen=True)

    tool_outputs: list[ToolOutput] = Field(min_length=1)
    tools: list[dict[str, Any]] | None = None
    stream: bool | None = None


async def read(model: type[Body], request: web.Request) -> Body:
    """The JSON body as `model`; raises Rejected(422) with FastAPI's list of faults."""
    raw = await request.read()
    if not raw:
        raise Rejected(422, [{"loc": ["body"], "msg": "Field required", "type": "missing"}])
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Rejected(422, _faults("body", error)) from None


def thread_id(request: web.Request) -> str:
    """The path's thread id; raises Rejected(422) when it is no UUID."""
    try:
        return str(_UUID.validate_python(request.match_info["thread_id"]))
    except ValidationError as error:
        raise Rejected(422, _faults("path", error, "thread_id")) from None


def query_flag(request: web.Request, name: str, *, default: bool) -> bool:
    """A boolean of the query string; raises Rejected(422) when it is none."""
    try:
        return _FLAG.validate_python(request.query.get(name, default))
    except ValidationError as error:
        raise Rejected(422, _faults("query", error, name)) from None


def _faults(where: str, error: ValidationError, *path: str) -> list[dict[str, Any]]:
    return [
        {"loc": [where, *path, *fault["loc"]], "msg": fault["msg"], "type": fault["type"]}
        for fault in error.errors(include_url=False)
    ]
