"""Who may ask: access tokens of the lab's one project, with the SIP admin grant."""

from __future__ import annotations

from aiohttp import web
from jwt import PyJWTError
from livekit import api

from lab.phone_numbers.twirp import TwirpError

API_KEY = "lab-key"
API_SECRET = "lab-secret-lab-secret-lab-secret"


def admit(request: web.Request) -> None:
    """Raises TwirpError when the request's token does not open the project."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        raise TwirpError("unauthenticated", "no bearer token")
    try:
        claims = api.TokenVerifier(API_KEY, API_SECRET).verify(token)
    except PyJWTError as error:
        raise TwirpError("unauthenticated", f"invalid token: {error}") from None
    if not (claims.sip and claims.sip.admin):
        raise TwirpError("permission_denied", "the token lacks the grant to administer SIP")
