"""The SIP service, and what is deployed on it against what is declared."""

from __future__ import annotations

import asyncio

from bot_admin.deployed import remote_of
from bot_admin.doctor.examination import Findings
from bot_admin.doctor.finding import Finding, fail, ok, skip, warn
from bot_admin.doctor.patient import Patient
from bot_admin.doctor.server import NOT_SET
from bot_admin.output import counted
from sip import plan
from sip.declaration import Declaration
from sip.deployment import Deployment
from sip.errors import ObstacleError, RefusedError, RemoteError
from sip.model import label

UNASKED = fail("LiveKit could not be asked for trunks and rules.", "See LiveKit above.")


async def service(patient: Patient) -> Findings:
    """Whether LiveKit serves SIP at all."""
    if not patient.settings.has_livekit:
        return [NOT_SET]
    try:
        async with remote_of(patient.settings) as remote:
            deployment = await remote.fetch()
    except RefusedError as error:
        return [_refused(error)]
    except RemoteError:
        return [UNASKED]
    held = (
        f"It holds {counted(len(deployment.inbound_trunks), 'inbound trunk')} "
        f"and {counted(len(deployment.rules), 'dispatch rule')}"
    )
    if patient.settings.on_livekit_cloud:
        return [ok(f"{held}; LiveKit Cloud runs the gateway.")]
    return [
        ok(
            f"{held}. Whether a livekit-sip gateway is alive LiveKit does not tell: "
            "only a call or its own health_port shows it."
        )
    ]


async def declared(patient: Patient) -> Findings:
    """Declared against deployed, and rules that let callers past every trunk."""
    remedy = f"Put it right in {patient.declarations}."
    findings = [fail(f"{fault}.", remedy) for fault in patient.faults]
    if not patient.settings.has_livekit:
        return [*findings, NOT_SET]
    try:
        async with remote_of(patient.settings) as remote:
            deployment = await remote.fetch()
    except RefusedError:
        return [*findings, skip("Without the SIP service nothing can be compared.")]
    except RemoteError:
        return [*findings, UNASKED]
    findings += open_doors(deployment, on_cloud=patient.settings.on_livekit_cloud)
    if patient.declared is not None:
        # In a thread, for it makes fingerprints of passwords, 50 ms each.
        findings.append(await asyncio.to_thread(_compared, patient.declared, deployment))
    return findings


def open_doors(deployment: Deployment, *, on_cloud: bool) -> list[Finding]:
    """The rules without trunks: a self-hosted server matches them to callers no trunk let in."""
    found = [
        f"{label(rule.resource)} ({rule.id})"
        for rule in deployment.rules
        if not rule.resource.trunks
    ]
    if on_cloud:
        return [
            warn(
                f"The {name} names no trunk: right for a LiveKit Phone Number only.",
                "If it serves no such number, delete it or give it its trunks.",
            )
            for name in found
        ]
    return [
        fail(
            f"The {name} names no trunk: whoever reaches the gateway is let in without proof.",
            "Delete it or give it its trunks, in LiveKit; provision if it is one of ours.",
        )
        for name in found
    ]


def _compared(known: Declaration, deployment: Deployment) -> Finding:
    try:
        planned = plan.make(known, deployment)
    except ObstacleError as error:
        return fail(str(error), "Free it, then run bot-admin provision.")
    if not planned.in_sync:
        changes = counted(len(planned.changes), "change")
        return warn(
            f"LiveKit is not as declared: {changes} pending.",
            "Run bot-admin provision.",
        )
    if planned.leftover:
        return warn(
            f"In sync, but {counted(len(planned.leftover), 'object')} of ours no longer declared.",
            "Run bot-admin provision --prune.",
        )
    return ok("LiveKit is in sync with the declarations.")


def _refused(error: RefusedError) -> Finding:
    if "sip not connected" in str(error):
        return fail(
            "This livekit-server serves no SIP: it runs without Redis.",
            "Give it and livekit-sip one Redis in their configurations, and start both again.",
        )
    return fail(str(error), "Look into LiveKit's log.")
