"""The services behind the bot's ears, mind and voice: one cheap request each, with our key.

Each request needs the key, costs nothing, and goes where the plugin's own requests go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from pydantic import SecretStr

from bot_admin.doctor import probe
from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, skip, warn
from bot_admin.doctor.patient import Patient

# As in the plugins, which are slow to load; a unit test compares.
DEEPGRAM_BASE_URL = "https://api.deepgram.com/v1/listen"
CARTESIA_BASE_URL = "https://api.cartesia.ai"
CARTESIA_VERSION = "2025-04-16"
BACKBOARD_BASE_URL = "https://app.backboard.io/api"

ANSWERED_ELSEWHERE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}


@dataclass(frozen=True)
class Service:
    """A provider, and the question that shows whether it takes our key."""

    name: str
    variable: str
    """Names the settings of this provider: VARIABLE_API_KEY, VARIABLE_BASE_URL."""
    url: str
    headers: Mapping[str, str]


async def deepgram(patient: Patient) -> Findings:
    """What hears."""
    settings = patient.settings
    if absent := _served_elsewhere(
        patient, "DEEPGRAM", settings.deepgram_api_key, settings.deepgram_base_url
    ):
        return [absent]
    base = settings.deepgram_base_url or DEEPGRAM_BASE_URL
    return [
        await _asked(
            Service(
                "Deepgram",
                "DEEPGRAM",
                f"{base.rstrip('/').removesuffix('/listen')}/auth/token",
                {"Authorization": f"Token {_clear(settings.deepgram_api_key)}"},
            )
        )
    ]


async def backboard(patient: Patient) -> Findings:
    """What thinks."""
    settings = patient.settings
    if absent := _served_elsewhere(
        patient, "BACKBOARD", settings.backboard_api_key, settings.backboard_base_url
    ):
        return [absent]
    base = settings.backboard_base_url or BACKBOARD_BASE_URL
    return [
        await _asked(
            Service(
                "Backboard",
                "BACKBOARD",
                f"{base.rstrip('/')}/models/providers",
                {"X-API-Key": settings.backboard_secret},
            )
        )
    ]


async def cartesia(patient: Patient) -> Findings:
    """What speaks."""
    settings = patient.settings
    if absent := _served_elsewhere(
        patient, "CARTESIA", settings.cartesia_api_key, settings.cartesia_base_url
    ):
        return [absent]
    base = settings.cartesia_base_url or CARTESIA_BASE_URL
    key = _clear(settings.cartesia_api_key)
    return [
        await _asked(
            Service(
                "Cartesia",
                "CARTESIA",
                f"{base.rstrip('/')}/voices?limit=1",
                {"X-API-Key": key, "Cartesia-Version": CARTESIA_VERSION},
            )
        )
    ]


async def fallback(patient: Patient) -> Findings:
    """What thinks while Backboard fails."""
    settings = patient.settings
    model, base = settings.fallback_model, settings.fallback_base_url
    if model is None:
        return [skip("There is none: while Backboard fails, callers hear an apology.")]
    if base is None:
        if settings.on_livekit_cloud:
            return [ok(f"LiveKit Inference serves {model}.")]
        return [skip("It has no HOTLINE_FALLBACK_BASE_URL: see the settings.")]
    service = Service(
        "The second model's server",
        "HOTLINE_FALLBACK",
        f"{base.rstrip('/')}/models",
        {"Authorization": f"Bearer {_clear(settings.fallback_api_key)}"},
    )
    try:
        answer = await _request(service)
    except probe.Silence as silence:
        return [_silent(service, silence)]
    if answer.status == HTTPStatus.OK and model not in _models(answer.json()):
        return [
            warn(
                f"{service.name} does not list the model {model}.",
                "Check HOTLINE_FALLBACK_MODEL against what the server serves.",
            )
        ]
    return [judged(service, answer)]


def judged(service: Service, answer: probe.Answer) -> Finding:
    """The verdict on what a provider answered."""
    where = f"{service.name} at {probe.place(service.url)}"
    key = f"{service.variable}_API_KEY"
    if answer.key_refused:
        return fail(f"{where} refuses the key (HTTP {answer.status}).", f"Check {key}.")
    if answer.response.is_success:
        return ok(f"{where} answers in {answer.took} and takes the key.")
    told = f"{where} answers HTTP {answer.status}"
    if answer.status in ANSWERED_ELSEWHERE:
        return warn(
            f"{told} in {answer.took}: it is there, but shows nothing of the key.",
            f"Check {service.variable}_BASE_URL, or place a call to see.",
        )
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return warn(f"{told}: too many requests.", "Raise the limit of the account, or wait.")
    if answer.status == HTTPStatus.PAYMENT_REQUIRED:
        return fail(f"{told}: nothing is left to pay with.", f"Top up the account of {key}.")
    return fail(f"{told}.", f"Check {service.variable}_BASE_URL and the provider's status page.")


def _served_elsewhere(
    patient: Patient, variable: str, key: SecretStr | None, base_url: str | None
) -> Finding | None:
    """The finding about a provider that is not asked, for it has neither key nor address."""
    if key or base_url:
        return None
    if patient.settings.on_livekit_cloud:
        return ok(f"LiveKit Inference serves it, without {variable}_API_KEY.")
    return skip(f"It has no {variable}_API_KEY: see the settings.")


async def _asked(service: Service) -> Finding:
    try:
        return judged(service, await _request(service))
    except probe.Silence as silence:
        return _silent(service, silence)


async def _request(service: Service) -> probe.Answer:
    return await probe.ask("GET", service.url, service.headers, through_proxy=True)


def _silent(service: Service, silence: probe.Silence) -> Finding:
    return fail(
        f"{service.name} at {probe.place(service.url)} {silence}.",
        f"Check {service.variable}_BASE_URL, the network, and the provider's status page.",
    )


def _models(listed: object) -> set[str]:
    items = listed.get("data") if isinstance(listed, dict) else None
    return {str(i.get("id")) for i in items or [] if isinstance(i, dict)}


def _clear(key: SecretStr | None) -> str:
    """As `bot.models` sends it."""
    return key.get_secret_value() if key is not None else "none"
