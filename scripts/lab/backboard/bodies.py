"""The requests' bodies and parameters, checked as strictly as the real service's FastAPI does."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, Json, TypeAdapter, ValidationError

Body = TypeVar("Body", bound=BaseModel)
Name = Annotated[str, Field(min_length=1, max_length=255)]

_UUID = TypeAdapter(UUID)
_FLAG = TypeAdapter(bool)
_MEMORY = ("Auto", "Readonly", "off")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_STRICT = ConfigDict(strict=True, frozen=True, extra="allow")


class Rejected(Exception):
    """The request is answered with this HTTP status and `detail`."""

    def __init__(self, status: int, detail: str | list[dict[str, Any]]) -> None:
        super().__init__(f"answer HTTP {status}: {detail}")
        self.status = status
        self.detail = detail


class LegacyMessageBody(BaseModel):
    """`POST /threads/{t}/messages`; also what both ways to post a message share."""

    model_config = _STRICT

    content: str = ""
    stream: bool = False
    llm_provider: str | None = None
    model_name: str | None = None
    memory: str | None = None
    memory_pro: str | None = None
    send_to_llm: Literal["true", "false"] | bool = "true"
    metadata: dict[str, Any] | Json[dict[str, Any]] | None = None
    web_search: str | None = None


class MessageBody(LegacyMessageBody):
    """`POST /threads/messages`."""

    thread_id: UUID | None = None
    assistant_id: UUID | None = None
    system_prompt: str | None = None
    tools: list[dict[str, Any]] | None = None
    json_output: bool | None = None
    memory_response_citation: bool | None = None
    thinking: dict[str, Any] | None = None
    openrouter: dict[str, Any] | None = None

    def wants_run(self) -> bool:
        """Whether the model is to answer."""
        return self.send_to_llm in ("true", True)

    def misspelt(self) -> list[str]:
        """The spellings of `memory` and `memory_pro` that the service silently takes for `off`."""
        given = (self.memory, self.memory_pro)
        return [value for value in given if value is not None and value not in _MEMORY]

    def remembers(self) -> bool:
        """Whether the model is told what the assistant remembers."""
        return not {"Auto", "Readonly"}.isdisjoint((self.memory, self.memory_pro))

    def memorises(self) -> bool:
        """Whether the assistant is to remember what this message tells."""
        return "Auto" in (self.memory, self.memory_pro)


class ToolOutput(BaseModel):
    """The result of one call."""

    model_config = ConfigDict(strict=True, frozen=True)

    tool_call_id: str
    output: str


class ToolOutputsBody(BaseModel):
    """`POST /threads/{t}/runs/{r}/submit-tool-outputs`."""

    model_config = _STRICT

    tool_outputs: list[ToolOutput] = Field(min_length=1)
    tools: list[dict[str, Any]] | None = None
    stream: bool | None = None
    thinking: dict[str, Any] | None = None


class ThreadToolOutputsBody(BaseModel):
    """`POST /threads/tool-outputs`: the run is found by its thread, and there are no tools."""

    model_config = _STRICT

    thread_id: UUID
    tool_outputs: list[ToolOutput] = Field(min_length=1)
    stream: bool | None = None


class _AssistantFields(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    system_prompt: str | None = None
    description: str | None = None
    tools: list[dict[str, Any]] | None = None
    tok_k: Annotated[int, Field(ge=1, le=100)] | None = None
    custom_fact_extraction_prompt: str | None = None
    custom_update_memory_prompt: str | None = None
    embedding_provider: str | None = None
    embedding_model_name: str | None = None
    embedding_dims: int | None = None

    def given(self) -> dict[str, Any]:
        """The fields to set; `description` is the old name of `system_prompt`."""
        fields = self.model_dump(exclude_none=True)
        description = fields.pop("description", None)
        return ({} if description is None else {"system_prompt": description}) | fields


class AssistantBody(_AssistantFields):
    """`POST /assistants`."""

    name: Name


class AssistantChanges(_AssistantFields):
    """`PUT /assistants/{a}`."""

    name: Name | None = None


class CloneBody(BaseModel):
    """`POST /assistants/{a}/clone`."""

    model_config = ConfigDict(strict=True, frozen=True)

    name: Name
    system_prompt: str | None = None
    copy_documents: bool = False
    copy_memories: bool = False


class ThreadBody(BaseModel):
    """`POST /assistants/{a}/threads`."""

    model_config = ConfigDict(strict=True, frozen=True)

    metadata_: dict[str, Any] | None = None


class MemoryBody(BaseModel):
    """`POST …/memories` and `PUT …/memories/{m}`."""

    model_config = ConfigDict(strict=True, frozen=True)

    content: Annotated[str, Field(min_length=1)]
    metadata: dict[str, Any] | None = None


class SearchBody(BaseModel):
    """`POST …/memories/search`."""

    model_config = ConfigDict(strict=True, frozen=True)

    query: str
    limit: Annotated[int, Field(ge=1, le=50)] = 5


async def read(model: type[Body], request: web.Request) -> Body:
    """The JSON body as `model`; raises Rejected(422) with FastAPI's list of faults."""
    raw = await request.read()
    if not raw:
        raise Rejected(422, [_fault(["body"])])
    return _validated(model, raw)


async def read_message(request: web.Request) -> MessageBody:
    """The body of a message, as JSON or as a form; raises Rejected(422)."""
    if request.content_type in _FORMS:
        return await _read_form(MessageBody, request)
    return await read(MessageBody, request)


async def read_legacy(request: web.Request) -> LegacyMessageBody:
    """The body of a message to the legacy endpoint: a form; raises Rejected(422)."""
    if request.content_type not in _FORMS:
        raise Rejected(422, [_fault(["body", "content"])])
    return await _read_form(LegacyMessageBody, request)


def path_id(request: web.Request, name: str) -> str:
    """An id in the path; raises Rejected(422) when it is no UUID."""
    try:
        return str(_UUID.validate_python(request.match_info[name]))
    except ValidationError as error:
        raise Rejected(422, _faults("path", error, name)) from None


def query_flag(request: web.Request, name: str, *, default: bool) -> bool:
    """A boolean of the query string; raises Rejected(422) when it is none."""
    try:
        return _FLAG.validate_python(request.query.get(name, default))
    except ValidationError as error:
        raise Rejected(422, _faults("query", error, name)) from None


def page(request: web.Request, *, limit: int = 100, most: int = 200) -> slice:
    """`skip` and `limit` of the query string; raises Rejected(422) when they are out of range."""
    skip = _query_number(request, "skip", 0, 0, None)
    return slice(skip, skip + _query_number(request, "limit", limit, 1, most))


def unknown_fields(body: BaseModel) -> list[str]:
    """Fields of a body that the API does not know."""
    media = ("image_", "video_")
    known = {"operation", "voice", "audio_file", "system_one", "files", "memory_citation"}
    extra = body.model_extra or {}
    return [name for name in extra if name not in known and not name.startswith(media)]


def _query_number(
    request: web.Request, name: str, default: int, least: int, most: int | None
) -> int:
    number = TypeAdapter(Annotated[int, Field(ge=least, le=most)])
    try:
        return number.validate_python(request.query.get(name, default))
    except ValidationError as error:
        raise Rejected(422, _faults("query", error, name)) from None


async def _read_form(model: type[Body], request: web.Request) -> Body:
    fields = {
        name: _from_form(name, value)
        for name, value in (await request.post()).items()
        if isinstance(value, str)
    }
    return _validated(model, json.dumps(fields).encode())


def _from_form(name: str, value: str) -> Any:
    """Forms carry strings: flags are `true` and `false`, lists and objects are JSON."""
    if name in ("stream", "json_output", "memory_response_citation"):
        return {"true": True, "false": False}.get(value, value)
    if name in ("tools", "thinking", "openrouter"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _validated(model: type[Body], raw: bytes) -> Body:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Rejected(422, _faults("body", error)) from None


def _fault(location: list[str]) -> dict[str, Any]:
    return {"loc": location, "msg": "Field required", "type": "missing"}


def _faults(where: str, error: ValidationError, *path: str) -> list[dict[str, Any]]:
    return [
        {"loc": [where, *path, *fault["loc"]], "msg": fault["msg"], "type": fault["type"]}
        for fault in error.errors(include_url=False)
    ]
