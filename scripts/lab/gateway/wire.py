"""The psrpc messages between livekit-server and a SIP gateway, as protobuf classes.

livekit-protocol's Python package carries the `livekit.*` messages but neither `rpc.*`
(livekit/protocol, protobufs/rpc/io.proto and sip.proto) nor `internal.*` (livekit/psrpc). Listed
are the fields that this gateway reads or writes; protobuf skips the others.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from livekit.protocol import room, sip

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int64": _Field.TYPE_INT64,
    "float": _Field.TYPE_FLOAT,
}
_ENUMS = {"livekit.SIPHeaderOptions", "livekit.SIPTransport", "rpc.SIPDispatchResult"}

_INTERNAL = {
    "Msg": "string type_url 1, bytes value 2, string channel 3",
    "Request": (
        "string request_id 1, string client_id 2, int64 sent_at 3, int64 expiry 4, bool multi 5, "
        "map metadata 7, bytes raw_request 8"
    ),
    "Response": (
        "string request_id 1, string server_id 2, int64 sent_at 3, string error 5, string code 6, "
        "bytes raw_response 7, google.protobuf.Any* error_details 8"
    ),
    "ClaimRequest": "string request_id 1, string server_id 2, float affinity 3",
    "ClaimResponse": "string request_id 1, string server_id 2",
}
_RPC = {
    "SIPCall": (
        "string lk_call_id 1, string source_ip 2, livekit.SIPUri address 3, livekit.SIPUri from 4, "
        "livekit.SIPUri to 5, livekit.SIPUri* via 6, string sip_call_id 7"
    ),
    "GetSIPTrunkAuthenticationRequest": "rpc.SIPCall call 8",
    "GetSIPTrunkAuthenticationResponse": (
        "string username 1, string password 2, bool drop 3, string sip_trunk_id 4, string realm 9"
    ),
    "EvaluateSIPDispatchRulesRequest": (
        "string calling_number 2, string called_number 3, string pin 5, bool no_pin 6, "
        "map extra_attributes 9, string sip_trunk_id 10, rpc.SIPCall call 12"
    ),
    "EvaluateSIPDispatchRulesResponse": (
        "string room_name 1, string participant_identity 2, string token 4, string ws_url 5, "
        "rpc.SIPDispatchResult result 6, string participant_name 7, string participant_metadata 8, "
        "string sip_trunk_id 9, string sip_dispatch_rule_id 10, map participant_attributes 11, "
        "map headers 13, map headers_to_attributes 14, map attributes_to_headers 18, "
        "google.protobuf.Duration ringing_timeout 16, "
        "google.protobuf.Duration max_call_duration 17, "
        "livekit.SIPHeaderOptions include_headers 19, string room_preset 20, "
        "livekit.RoomConfiguration room_config 21, livekit.SIPMediaConfig media 24"
    ),
    "InternalCreateSIPParticipantRequest": (
        "string address 2, string number 3, string call_to 4, string username 5, "
        "string password 6, string room_name 7, string participant_identity 8, "
        "string token 9, string ws_url 10, "
        "string dtmf 11, string sip_call_id 13, string participant_name 14, "
        "string participant_metadata 15, livekit.SIPTransport transport 16, "
        "map participant_attributes 17, string hostname 20, map headers 21, "
        "map headers_to_attributes 22, google.protobuf.Duration ringing_timeout 23, "
        "google.protobuf.Duration max_call_duration 24, map attributes_to_headers 26, "
        "livekit.SIPHeaderOptions include_headers 27, bool wait_until_answered 29, "
        "string? display_name 31, livekit.SIPMediaConfig media 34"
    ),
    "InternalCreateSIPParticipantResponse": (
        "string participant_id 1, string participant_identity 2, string sip_call_id 3"
    ),
    "InternalTransferSIPParticipantRequest": (
        "string sip_call_id 1, string transfer_to 2, bool play_dialtone 3, map headers 4, "
        "google.protobuf.Duration ringing_timeout 5"
    ),
}
_DISPATCH_RESULTS = ("LEGACY_ACCEPT_OR_PIN", "ACCEPT", "REQUEST_PIN", "REJECT", "DROP")


def _add_map(message: descriptor_pb2.DescriptorProto, name: str) -> str:
    """Declares the entry type of a `map<string, string>`; returns its name."""
    entry_name = "".join(part.capitalize() for part in name.split("_")) + "Entry"
    entry = message.nested_type.add(name=entry_name)
    entry.options.map_entry = True
    for number, key in enumerate(("key", "value"), start=1):
        entry.field.add(
            name=key, number=number, type=_Field.TYPE_STRING, label=_Field.LABEL_OPTIONAL
        )
    return entry_name


def _add_message(file: descriptor_pb2.FileDescriptorProto, name: str, fields: str) -> None:
    message = file.message_type.add(name=name)
    for declaration in fields.split(", "):
        kind, field_name, number = declaration.split()
        field = message.field.add(name=field_name, number=int(number))
        field.label = _Field.LABEL_OPTIONAL
        if kind.endswith("?"):  # proto3's `optional` is a oneof of its own
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl)
            message.oneof_decl.add(name=f"_{field_name}")
            kind = kind.removesuffix("?")
        if kind == "map":
            field.label = _Field.LABEL_REPEATED
            field.type = _Field.TYPE_MESSAGE
            field.type_name = f".{file.package}.{name}.{_add_map(message, field_name)}"
        elif kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            if kind.endswith("*"):
                field.label = _Field.LABEL_REPEATED
            kind = kind.removesuffix("*")
            field.type = _Field.TYPE_ENUM if kind in _ENUMS else _Field.TYPE_MESSAGE
            field.type_name = f".{kind}"


def _register(
    package: str, messages: dict[str, str], imports: tuple[str, ...]
) -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"lab_gateway_{package}.proto", package=package, syntax="proto3", dependency=imports
    )
    for name, fields in messages.items():
        _add_message(file, name, fields)
    return file


def _classes() -> dict[str, type[Any]]:
    internal = _register("internal", _INTERNAL, (AnyMessage.DESCRIPTOR.file.name,))
    imports = (Duration.DESCRIPTOR.file.name, room.DESCRIPTOR.name, sip.DESCRIPTOR.name)
    rpc = _register("rpc", _RPC, imports)
    results = rpc.enum_type.add(name="SIPDispatchResult")
    for number, name in enumerate(_DISPATCH_RESULTS):
        results.value.add(name=name, number=number)
    pool = descriptor_pool.Default()
    found: dict[str, type[Any]] = {}
    for file in (internal, rpc):
        pool.AddSerializedFile(file.SerializeToString())
        for message in file.message_type:
            full_name = f"{file.package}.{message.name}"
            descriptor = pool.FindMessageTypeByName(full_name)
            found[message.name] = message_factory.GetMessageClass(descriptor)
    return found


_CLASSES = _classes()

Msg: Any = _CLASSES["Msg"]
Request: Any = _CLASSES["Request"]
Response: Any = _CLASSES["Response"]
ClaimRequest: Any = _CLASSES["ClaimRequest"]
ClaimResponse: Any = _CLASSES["ClaimResponse"]
SIPCall: Any = _CLASSES["SIPCall"]
GetSIPTrunkAuthenticationRequest: Any = _CLASSES["GetSIPTrunkAuthenticationRequest"]
GetSIPTrunkAuthenticationResponse: Any = _CLASSES["GetSIPTrunkAuthenticationResponse"]
EvaluateSIPDispatchRulesRequest: Any = _CLASSES["EvaluateSIPDispatchRulesRequest"]
EvaluateSIPDispatchRulesResponse: Any = _CLASSES["EvaluateSIPDispatchRulesResponse"]
InternalCreateSIPParticipantRequest: Any = _CLASSES["InternalCreateSIPParticipantRequest"]
InternalCreateSIPParticipantResponse: Any = _CLASSES["InternalCreateSIPParticipantResponse"]
InternalTransferSIPParticipantRequest: Any = _CLASSES["InternalTransferSIPParticipantRequest"]

ACCEPTED = frozenset({"LEGACY_ACCEPT_OR_PIN", "ACCEPT"})


def dispatch_result(number: int) -> str:
    """The name of an `rpc.SIPDispatchResult`; of an unknown number, the number."""
    return _DISPATCH_RESULTS[number] if number < len(_DISPATCH_RESULTS) else str(number)


def pack(message: Any) -> bytes:
    """A message as it goes over Redis."""
    return bytes(
        Msg(
            type_url=f"type.googleapis.com/{message.DESCRIPTOR.full_name}",
            value=message.SerializeToString(),
        ).SerializeToString()
    )


def unpack(data: bytes) -> Any:
    """The message inside a payload from Redis, or None when it is of a type not listed here.

    Raises:
        google.protobuf.message.DecodeError: the payload is not a psrpc message.
    """
    envelope = Msg.FromString(data)
    package, _, name = envelope.type_url.rpartition("/")[2].rpartition(".")
    if package not in {"internal", "rpc"} or name not in _CLASSES:
        return None
    return _CLASSES[name].FromString(envelope.value)
