"""What LiveKit's plan allows."""

from __future__ import annotations

from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import ok, warn
from bot_admin.doctor.patient import Patient

FREE_SESSIONS = 5


async def quota(patient: Patient) -> Findings:
    """The free plan's limits against ours; which plan a project has, no API tells."""
    settings = patient.settings
    if not settings.on_livekit_cloud:
        return [ok("LiveKit is self-hosted: no plan limits it.")]
    limits = (
        f"LiveKit's free plan allows {FREE_SESSIONS} sessions at once, 1,000 agent minutes a month "
        "and one number; past them callers get SIP 503"
    )
    if settings.max_calls > FREE_SESSIONS:
        return [
            warn(
                f"{limits}, and HOTLINE_MAX_CALLS is {settings.max_calls}.",
                f"Set it to {FREE_SESSIONS}, unless the project has a larger plan.",
            )
        ]
    return [ok(f"{limits}.")]
