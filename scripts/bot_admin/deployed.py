"""What commands look at: the trunks and rules that are deployed, or those that would be."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bot.settings import LiveKitSettings
    from sip.deployment import Deployment
    from sip.remote import Remote


def remote_of(settings: LiveKitSettings) -> AbstractAsyncContextManager[Remote]:
    """The project's SIP objects."""
    from sip.remote import connect  # noqa: PLC0415  loads livekit

    secret = settings.livekit_api_secret.get_secret_value()
    return connect(settings.livekit_url, settings.livekit_api_key, secret)


async def deployed(context: typer.Context, declarations: Path | None = None) -> Deployment:
    """All trunks and rules of the project; with `declarations`, as they are once those are
    provisioned.

    Raises:
        SettingsError: it is not said where LiveKit is.
        SipError: LiveKit cannot be asked, or the declarations cannot be used.
    """
    from bot.settings import LiveKitSettings, environment  # noqa: PLC0415  loads pydantic
    from sip import declaration, reconcile  # noqa: PLC0415

    async with remote_of(LiveKitSettings.load(context.obj)) as remote:
        if declarations is None:
            return await remote.fetch()
        declared = declaration.load(declarations, environment(context.obj))
        return (await reconcile.plan(declared, remote)).outcome
