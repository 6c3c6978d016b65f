"""The access token with which a SIP participant joins."""

from __future__ import annotations

from collections.abc import Mapping

from livekit import api

from lab.gateway.dispatch import Dispatch


def access_token(
    api_key: str, api_secret: str, dispatch: Dispatch, attributes: Mapping[str, str]
) -> str:
    """A token of kind `sip`; its room configuration is what sends agents to a new room."""
    token = (
        api.AccessToken(api_key, api_secret)
        .with_kind("sip")
        .with_identity(dispatch.identity)
        .with_name(dispatch.name)
        .with_metadata(dispatch.metadata)
        .with_attributes(dict(attributes))
        .with_grants(
            api.VideoGrants(room_join=True, room=dispatch.room_name, can_update_own_metadata=True)
        )
    )
    if dispatch.room_preset:
        token = token.with_room_preset(dispatch.room_preset)
    if dispatch.room_config is not None:
        token = token.with_room_config(dispatch.room_config)
    return token.to_jwt()
