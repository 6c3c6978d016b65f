"""Every check there is, in the order of the report: first what the others stand on."""

from __future__ import annotations

from bot_admin.doctor import (
    agent,
    call,
    configuration,
    numbers,
    providers,
    quota,
    server,
    storage,
)
from bot_admin.doctor.examination import Check

CHECKS = (
    Check("settings", "Settings", configuration.settings),
    Check("personas", "Personas", configuration.personas),
    Check("livekit", "LiveKit", server.livekit),
    Check("clock", "Clock", server.clock),
    Check("sip", "SIP service", numbers.service),
    Check("numbers", "Numbers", numbers.declared),
    Check("agent", "Agent", agent.agent),
    Check("deepgram", "Deepgram", providers.deepgram),
    Check("backboard", "Backboard", providers.backboard),
    Check("cartesia", "Cartesia", providers.cartesia),
    Check("fallback", "Second model", providers.fallback),
    Check("plan", "Plan", quota.quota),
    Check("storage", "Storage", storage.storage),
    Check("warmth", "Warm processes", configuration.warmth),
)
CALL = Check("call", "A call", call.call, call.CALL_WITHIN_S)
"""Made only when asked for."""
