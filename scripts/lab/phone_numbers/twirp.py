"""Twirp's errors (the Twirp wire protocol, version 7, "Error Codes")."""

from __future__ import annotations

from aiohttp import web

HTTP_STATUS = {
    "malformed": 400,
    "invalid_argument": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "bad_route": 404,
    "not_found": 404,
    "resource_exhausted": 429,
}


class TwirpError(Exception):
    """The answer must be this error."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status or HTTP_STATUS[code]

    def response(self) -> web.Response:
        """The error on the wire."""
        return web.json_response({"code": self.code, "msg": str(self)}, status=self.status)
