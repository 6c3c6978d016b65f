"""The worker on this machine, and whether its name is the one that dispatch rules ask for.

A self-hosted LiveKit lists no workers, and a dispatch made on trial would be answered like a call:
ten seconds' wait for a phone, and the record of a caller who never was. So the worker is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot_admin.doctor import probe
from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, warn
from bot_admin.doctor.patient import Patient, Readable

EVERYWHERE = {"0.0.0.0", "::"}  # as an address to listen on; loopback reaches it


async def agent(patient: Patient) -> Findings:
    """The worker's health and seats, and the names."""
    settings = patient.settings
    findings, registered = await _worker(settings)
    if registered is not None and registered != settings.agent_name:
        findings.append(
            fail(
                f'The worker here runs as "{registered}", '
                f'and HOTLINE_AGENT_NAME is "{settings.agent_name}".',
                "Start the worker again, so that it takes the settings of now.",
            )
        )
    if patient.declared is None:
        return findings
    asked = {rule.name: agent.name for rule in patient.declared.rules for agent in rule.agents}
    return [*findings, *names(registered or settings.agent_name, asked)]


def names(name: str, asked: Mapping[str, str]) -> list[Finding]:
    """The worker's name against those that the declared rules ask for, by rule."""
    remedy = "Make HOTLINE_AGENT_NAME and the rule's agent the same, then provision."
    verdict = warn if name in asked.values() else fail  # others may run on other machines
    findings = [
        verdict(f'Rule "{rule}" asks for the agent "{wanted}", and here it is "{name}".', remedy)
        for rule, wanted in asked.items()
        if wanted != name
    ]
    if not findings and not asked:
        findings.append(fail(f'No declared rule asks for the agent "{name}".', remedy))
    return findings


def seats(told: dict[str, Any], settings: Readable) -> Finding:
    """The load of a worker, from what its `GET /worker` told."""
    # protobuf's JSON leaves out what is zero
    calls, load = int(told.get("active_jobs", 0)), float(told.get("worker_load", 0.0))
    name = told.get("agent_name", "")
    taken = f'"{name}" runs here with {calls} of {settings.max_calls} seats taken, load {load:.2f}'
    if calls >= settings.max_calls:
        return warn(
            f"{taken}: the next caller hears ringing, then busy.",
            "Raise HOTLINE_MAX_CALLS or start another worker.",
        )
    return ok(f"{taken}. Whether LiveKit offers it calls only a call shows.")


async def _worker(settings: Readable) -> tuple[list[Finding], str | None]:
    """How the worker is, and the name under which it runs; None when there is none."""
    if settings.health_port == 0:
        remedy = "Give it a fixed HOTLINE_HEALTH_PORT."
        return [warn("The worker's health port is a different one each time.", remedy)], None
    base = f"http://{_host(settings)}:{settings.health_port}"
    where = probe.place(base)
    try:
        health, answer = await asyncio.gather(
            probe.ask("GET", base), probe.ask("GET", f"{base}/worker")
        )
    except probe.Silence as silence:
        finding = warn(
            f"No worker on this machine: {where} {silence}.",
            "Start it (python -m livekit.agents start bot/worker.py), "
            "or run the doctor on its machine.",
        )
        return [finding], None
    told = answer.json()
    if not isinstance(told, dict) or "sdk_version" not in told:
        remedy = "Give the worker another HOTLINE_HEALTH_PORT, or end what has taken it."
        return [fail(f"What answers at {where} is no LiveKit worker.", remedy)], None
    name = str(told.get("agent_name", ""))
    if health.status != 200:
        finding = fail(
            f'The worker "{name}" at {where} has lost LiveKit or its models '
            f"(HTTP {health.status}).",
            "Look into its log, and start it again.",
        )
        return [finding], name
    return [seats(told, settings)], name


def _host(settings: Readable) -> str:
    host = "127.0.0.1" if settings.health_host in EVERYWHERE else settings.health_host
    return f"[{host}]" if ":" in host else host
