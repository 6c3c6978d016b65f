"""The access token with which a SIP participant joins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from livekit import api
from livekit.protocol.room import RoomConfiguration


@dataclass(frozen=True, kw_only=True)
class Guest:
    """Who joins which room."""

    room_name: str
    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    room_preset: str = ""
    room_config: RoomConfiguration | None = None


def access_token(api_key: str, api_secret: str, guest: Guest) -> str:
    """A token of kind `sip`; its room configuration is what sends agents to a new room."""
    token = (
        api.AccessToken(api_key, api_secret)
        .with_kind("sip")
        .with_identity(guest.identity)
        .with_name(guest.name)
        .with_metadata(guest.metadata)
        .with_attributes(dict(guest.attributes))
        .with_grants(
            api.VideoGrants(room_join=True, room=guest.room_name, can_update_own_metadata=True)
        )
    )
    if guest.room_preset:
        token = token.with_room_preset(guest.room_preset)
    if guest.room_config is not None:
        token = token.with_room_config(guest.room_config)
    return token.to_jwt()
