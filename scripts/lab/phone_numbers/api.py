"""`livekit.PhoneNumberService` over JSON Twirp, and the one call of `livekit.SIP` it goes with.

`PUT /_lab/project` begins a new project (plan, rules, numbers); `GET` shows the one there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web
from google.protobuf.message import DecodeError
from livekit.protocol import sip as proto
from pydantic import ValidationError

from lab.faults import Control, Dropped, Refused
from lab.phone_numbers import answers, bodies
from lab.phone_numbers.access import admit
from lab.phone_numbers.project import Holding, Project
from lab.phone_numbers.twirp import TwirpError

Method = Callable[[bytes], dict[str, Any]]


def build(control: Control) -> web.Application:
    """The emulator as an application; `control` makes its faults and keeps its request log."""
    return PhoneNumberService(control).application()


class PhoneNumberService:
    """The service, with all of its state in `project`."""

    def __init__(self, control: Control) -> None:
        self.project = Project()
        self._control = control
        self._methods: dict[str, Method] = {
            "SearchPhoneNumbers": self._search,
            "PurchasePhoneNumber": self._purchase,
            "ListPhoneNumbers": self._list,
            "GetPhoneNumber": self._get,
            "UpdatePhoneNumber": self._update,
            "ReleasePhoneNumbers": self._release,
        }

    def application(self) -> web.Application:
        """The Twirp routes and the control routes of its own."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/_lab/project", self._get_project),
                web.put("/_lab/project", self._put_project),
                web.route("*", "/twirp/{service}/{method}", self._twirp),
            ]
        )
        return app

    async def _twirp(self, request: web.Request) -> web.StreamResponse:
        pacing = self._control.answer()
        try:
            admit(request)
            pacing.admit()
            response = await self._answer(request)
            await pacing.pace()  # after the deed: a lost answer does not undo a purchase
        except TwirpError as error:
            return error.response()
        except Refused as refused:
            return TwirpError("internal", "a fault made on purpose", refused.status).response()
        except Dropped:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        service, name = request.match_info["service"], request.match_info["method"]
        content_type = request.content_type
        kind = (request.method, service, name, content_type)
        if kind == ("POST", "livekit.SIP", "ListSIPDispatchRule", "application/protobuf"):
            return self._list_rules(await request.read())
        if kind[:2] != ("POST", "livekit.PhoneNumberService") or name not in self._methods:
            raise TwirpError("bad_route", f"no handler for path {request.path!r}")
        if content_type != "application/json":
            raise TwirpError("bad_route", f"unexpected Content-Type: {content_type!r}")
        content = await request.read()
        self._control.record(name, body=content.decode(errors="replace"))
        return web.json_response(self._methods[name](content))

    def _search(self, content: bytes) -> dict[str, Any]:
        body = bodies.read(bodies.Search, content)
        found = [
            item
            for item in self.project.for_sale()
            if body.country_code == "US" and body.area_code in (None, "", item.area_code)
        ]
        return answers.page(body, found, answers.offer)

    def _purchase(self, content: bytes) -> dict[str, Any]:
        body = bodies.read(bodies.Purchase, content)
        bought = self.project.buy(body.phone_numbers, body.sip_dispatch_rule_id)
        return {"phone_numbers": [answers.bought(number) for number in bought]}

    def _list(self, content: bytes) -> dict[str, Any]:
        body = bodies.read(bodies.Listing, content)
        found = [
            number
            for number in self.project.numbers
            if (not body.statuses or number.status in body.statuses)
            and (not body.sip_dispatch_rule_id or body.sip_dispatch_rule_id in number.rule_ids)
        ]
        offline = [n for n in found if n.status == "PHONE_NUMBER_STATUS_OFFLINE"]
        counts = {"total_count": len(found), "offline_count": len(offline)}
        return {**answers.page(body, found, answers.holding), **counts}

    def _get(self, content: bytes) -> dict[str, Any]:
        number = self._one(bodies.read(bodies.One, content))
        return {"phone_number": answers.holding(number)}

    def _update(self, content: bytes) -> dict[str, Any]:
        body = bodies.read(bodies.Update, content)
        number = self._one(body)
        self.project.assign(number, body.sip_dispatch_rule_id)
        return {"phone_number": answers.updated(number)}

    def _release(self, content: bytes) -> dict[str, Any]:
        body = bodies.read(bodies.Release, content)
        by_id = [self.project.find(id=id_) for id_ in body.ids]
        self.project.release([*by_id, *(self.project.find(e164=n) for n in body.phone_numbers)])
        return {}

    def _one(self, body: bodies.One) -> Holding:
        return self.project.find(id=body.id, e164=body.phone_number)

    def _list_rules(self, content: bytes) -> web.Response:
        try:
            proto.ListSIPDispatchRuleRequest.FromString(content)
        except DecodeError:
            raise TwirpError("malformed", "the request cannot be decoded") from None
        individual = proto.SIPDispatchRuleIndividual(room_prefix="call-")
        items = [
            proto.SIPDispatchRuleInfo(
                sip_dispatch_rule_id=rule.id,
                name=rule.name,
                trunk_ids=rule.trunk_ids,
                rule=proto.SIPDispatchRule(dispatch_rule_individual=individual),
            )
            for rule in self.project.rules
        ]
        answer = proto.ListSIPDispatchRuleResponse(items=items).SerializeToString()
        return web.Response(body=answer, content_type="application/protobuf")

    async def _get_project(self, _: web.Request) -> web.Response:
        return web.json_response(self.project.model_dump(mode="json"))

    async def _put_project(self, request: web.Request) -> web.Response:
        try:
            self.project = Project.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"detail": str(error)}, status=422)
        return await self._get_project(request)
