"""The call as data: who rang whom, on which trunk, under which ids. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, Self

ACTIVE = "active"
"""Value of `sip.callStatus` from the answer on; before it is `ringing` (or `dialing`)."""
CALL_STATUS = "sip.callStatus"
READY = "hotline.ready"
"""Attribute of the bot's own participant: it can talk, so the INVITE may leave."""
PICKUP = "hotline.pickup"
"""Attribute of the bot's own participant: who or what took the call, as it was judged last."""

ATTESTATION = "caller.verstat"
"""Where an inbound trunk's `headers_to_attributes` puts the carrier's word on the caller's number,
such as Twilio's X-Twilio-VerStat."""
VERIFIED = frozenset({"TN-Validation-Passed", "TN-Validation-Passed-A"})
"""ATIS-1000074 verstat values; B and C attest the customer or the gateway, not the number."""


class JobMetadataError(ValueError):
    """The job's metadata is not what Hotline puts there."""


@dataclass(frozen=True, kw_only=True)
class JobMetadata:
    """What the dispatch says beyond the room: which persona, with which variables, and of a call
    that is ours to place, whom it is to."""

    persona: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    outbound: Outbound | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a job's metadata: empty, or a JSON object of `persona`, `variables`, `outbound`.

        Raises:
            JobMetadataError: it is anything else.
        """
        if not text.strip():
            return cls()
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise JobMetadataError("job metadata is not JSON") from error
        if not isinstance(data, dict):
            raise JobMetadataError("job metadata is not a JSON object")
        persona, variables = data.get("persona"), data.get("variables", {})
        if not isinstance(persona, str | None) or not isinstance(variables, dict):
            raise JobMetadataError("job metadata wants persona as text and variables as an object")
        try:
            outbound = Outbound(**data["outbound"]) if data.get("outbound") else None
        except TypeError as error:
            raise JobMetadataError(
                "job metadata's outbound has not the keys it must have"
            ) from error
        return cls(
            persona=persona,
            variables={str(k): str(v) for k, v in variables.items()},
            outbound=outbound,
        )

    def as_json(self) -> str:
        """The text that `parse` reads."""
        return json.dumps({name: value for name, value in asdict(self).items() if value})


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """A call that is ours to place, as its attempt in the database has it."""

    attempt: str
    identity: str
    """LiveKit identity that the phone's participant will have."""
    to_number: str
    from_number: str
    is_watched: bool = True
    """Whether a command waits to hear how the network takes the INVITE; else nobody knows it better
    than the bot."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One phone call, read from the job's metadata and the phone participant's attributes.

    The attributes are livekit-sip's: `sip.phoneNumber` is the other party, `sip.trunkPhoneNumber`
    is ours; both are absent when the trunk hides numbers.
    """

    direction: Literal["inbound", "outbound"]
    room: str
    identity: str
    """LiveKit identity of the phone's participant."""
    from_number: str | None
    to_number: str | None
    trunk_id: str | None
    rule_id: str | None
    call_id: str | None
    """LiveKit's `SCL_…` id."""
    sip_call_id: str | None
    """The Call-ID header of the INVITE."""
    attestation: str | None = None
    """What the carrier says of the caller's number: the verstat of STIR/SHAKEN."""
    metadata: JobMetadata = field(default_factory=JobMetadata)

    @classmethod
    def from_job(
        cls,
        metadata: JobMetadata,
        room: str,
        identity: str,
        attributes: Mapping[str, str],
    ) -> Self:
        """Builds the call; only inbound calls carry `sip.ruleID`, the rule that routed them."""
        rule_id = attributes.get("sip.ruleID") or None
        theirs = attributes.get("sip.phoneNumber") or None
        ours = attributes.get("sip.trunkPhoneNumber") or None
        inbound = rule_id is not None
        return cls(
            direction="inbound" if inbound else "outbound",
            room=room,
            identity=identity,
            from_number=theirs if inbound else ours,
            to_number=ours if inbound else theirs,
            trunk_id=attributes.get("sip.trunkID") or None,
            rule_id=rule_id,
            call_id=attributes.get("sip.callID") or None,
            sip_call_id=attributes.get("sip.callIDFull") or None,
            attestation=attributes.get(ATTESTATION) or None,
            metadata=metadata,
        )

    @classmethod
    def placed(cls, metadata: JobMetadata, outbound: Outbound, room: str) -> Self:
        """The call that is about to be placed: nothing is dialled yet."""
        return cls(
            direction="outbound",
            room=room,
            identity=outbound.identity,
            from_number=outbound.from_number,
            to_number=outbound.to_number,
            trunk_id=None,
            rule_id=None,
            call_id=None,
            sip_call_id=None,
            metadata=metadata,
        )

    def dialled(self, attributes: Mapping[str, str]) -> Self:
        """The same call with the ids that it has since its INVITE."""
        return replace(
            self,
            trunk_id=attributes.get("sip.trunkID") or None,
            call_id=attributes.get("sip.callID") or None,
            sip_call_id=attributes.get("sip.callIDFull") or None,
        )

    @property
    def our_number(self) -> str | None:
        """The number of ours that the call is on."""
        return self.to_number if self.direction == "inbound" else self.from_number

    @property
    def their_number(self) -> str | None:
        """The other party's number."""
        return self.from_number if self.direction == "inbound" else self.to_number

    @property
    def their_number_is_verified(self) -> bool:
        """Whether the other party has this number: it was dialled, or the carrier vouches."""
        return self.direction == "outbound" or self.attestation in VERIFIED
