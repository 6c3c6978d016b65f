"""LiveKit itself: is it there, does it take our key, does its clock agree with ours?"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from livekit import api

from bot_admin.doctor import probe
from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, skip, warn
from bot_admin.doctor.patient import Patient, Readable

WITHIN_S = 2.0
"""Two requests in a row keep the deadline of a check."""
SKEW_WARN_S = 5.0
SKEW_FAIL_S = 60.0
"""A token is good from the second of its making, by the server's clock and a minute's leeway."""

NOT_SET = skip("LiveKit cannot be asked without its URL, key and secret: see the settings.")


async def livekit(patient: Patient) -> Findings:
    """Whether it answers, and opens to the API key."""
    settings = patient.settings
    if not settings.has_livekit:
        return [NOT_SET]
    base = _http(settings.livekit_url)
    where = probe.place(settings.livekit_url)
    try:
        health = await probe.ask("GET", base, within_s=WITHIN_S)
        if health.status != 200:
            return [_unwell(where, health)]
        # A question that costs the server nothing: no room has this name.
        rooms = await probe.ask(
            "POST",
            f"{base}/twirp/livekit.RoomService/ListRooms",
            {"Authorization": f"Bearer {_token(settings)}"},
            body={"names": ["doctor"]},
            within_s=WITHIN_S,
        )
    except probe.Silence as silence:
        return [
            fail(
                f"LiveKit at {where} {silence}.",
                "Check LIVEKIT_URL, that the server runs, and the network between.",
            )
        ]
    if rooms.key_refused:
        return [
            fail(
                f"LiveKit at {where} refuses the API key.",
                "Check LIVEKIT_API_KEY and LIVEKIT_API_SECRET, and that they are this server's.",
            )
        ]
    if rooms.status != 200 or not isinstance(rooms.json(), dict):
        return [_unwell(where, rooms)]
    kind = "LiveKit Cloud" if settings.on_livekit_cloud else "LiveKit"
    return [
        ok(
            f"{kind} at {where} answers in {health.took} and takes the API key; "
            "no public API tells its version."
        )
    ]


async def clock(patient: Patient) -> Findings:
    """How far our clock is from the server's, by the `Date` of an answer."""
    if not patient.settings.livekit_url:
        return [NOT_SET]
    try:
        answer = await probe.ask("GET", _http(patient.settings.livekit_url))
        told = parsedate_to_datetime(answer.response.headers.get("date", ""))
    except probe.Silence:
        return [skip("LiveKit does not answer, so its clock is not known.")]
    except ValueError:
        return [skip("LiveKit does not tell its time.")]
    # It was told in whole seconds, half a journey ago.
    return [judged_skew(time.time() - answer.took_s / 2 - (told.timestamp() + 0.5))]


def judged_skew(ahead_s: float) -> Finding:
    """The verdict on a clock that is `ahead_s` before the server's."""
    way = "ahead of" if ahead_s > 0 else "behind"
    told = f"This machine's clock is {abs(ahead_s):.0f} s {way} LiveKit's"
    if abs(ahead_s) > SKEW_FAIL_S:
        return fail(
            f"{told}: it takes no token from here.", "Set the clock: turn on time synchronisation."
        )
    if abs(ahead_s) > SKEW_WARN_S:
        return warn(
            f"{told}; past {SKEW_FAIL_S:g} s it would take no token from here.",
            "Set the clock: turn on time synchronisation.",
        )
    return ok("This machine's clock agrees with LiveKit's.")


def _unwell(where: str, answer: probe.Answer) -> Finding:
    return fail(
        f"{where} answers HTTP {answer.status}, not as a LiveKit server that is well does.",
        "Check LIVEKIT_URL; if it is right, look into the server's log.",
    )


def _token(settings: Readable) -> str:
    secret = settings.livekit_api_secret.get_secret_value()
    token = api.AccessToken(settings.livekit_api_key, secret)
    return token.with_grants(api.VideoGrants(room_list=True)).to_jwt()


def _http(url: str) -> str:
    return url.replace("ws", "http", 1).rstrip("/") if url.startswith("ws") else url.rstrip("/")
