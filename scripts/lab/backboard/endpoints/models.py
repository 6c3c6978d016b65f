"""The endpoints that list models: a few of each provider, all of them the mind."""

from __future__ import annotations

from aiohttp import web

from lab.backboard import bodies

_MODELS = {
    "openai": ("gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"),
    "anthropic": ("claude-haiku-4-5", "claude-sonnet-4-5"),
    "google": ("gemini-2.5-flash",),
    "openrouter": ("openai/gpt-4o-mini",),
}
_MOST = 500


def routes() -> list[web.RouteDef]:
    """The routes; a route's name is the kind of its log entries."""
    return [
        web.get("/api/models", _models, name="list-models"),
        web.get("/api/models/providers", _providers, name="list-providers"),
        web.get("/api/models/provider/{provider}", _of_provider, name="list-provider-models"),
    ]


async def _models(request: web.Request) -> web.Response:
    return _page(request, [*_MODELS])


async def _providers(_: web.Request) -> web.Response:
    return web.json_response({"providers": [*_MODELS], "total": len(_MODELS)})


async def _of_provider(request: web.Request) -> web.Response:
    return _page(request, [request.match_info["provider"]])


def _page(request: web.Request, providers: list[str]) -> web.Response:
    rows = [
        {
            "name": name,
            "provider": provider,
            "model_type": "llm",
            "context_limit": 128_000,
            "supports_tools": True,
        }
        for provider in providers
        for name in _MODELS.get(provider, ())
    ]
    found = rows[bodies.page(request, most=_MOST)]
    return web.json_response({"models": found, "total": len(rows)})
