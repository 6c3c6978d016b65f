"""The call as data: who rang whom, on which trunk, under which ids. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

ACTIVE = "active"
"""Value of `sip.callStatus` from the answer on; before it is `ringing` (or `dialing`)."""
CALL_STATUS = "sip.callStatus"


ATTESTATION = "caller.verstat"
"""Where an inbound trunk's `headers_to_attributes` puts the carrier's word on the caller's number,
such as Twilio's X-Twilio-VerStat."""
VERIFIED = frozenset({"TN-Validation-Passed", "TN-Validation-Passed-A"})
"""ATIS-1000074 verstat values; B and C attest the customer or the gateway, not the number."""


class JobMetadataError(ValueError):
    """The job's metadata is not what Hotline puts there."""


@dataclass(frozen=True, kw_only=True)
class JobMetadata:
    """What the dispatch says beyond the room: which persona, with which variables."""

    persona: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a job's metadata: empty, or a JSON object with `persona` and `variables`.

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
        return cls(persona=persona, variables={str(k): str(v) for k, v in variables.items()})


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
