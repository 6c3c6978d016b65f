from __future__ import annotations

import numpy as np
import pytest
from aiortp import DtmfEvent, RtpPacket
from aiosipua.sdp import SdpMessage, parse_sdp

from lab.gateway.earpiece import Earpiece, ringing
from lab.gateway.mixer import MAX_FRAMES, START_FRAMES, Mixer, Samples
from lab.gateway.sdp import Terms, Unacceptable
from lab.gateway.telephone_event import FRAME_SAMPLES, DigitReceiver, DigitSender, EventPacket


def offer(formats: str, *attributes: str) -> SdpMessage:
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    lines += [f"m=audio 4000 RTP/AVP {formats}", *(f"a={attribute}" for attribute in attributes)]
    return parse_sdp("\r\n".join(lines))


def test_pcmu_is_chosen_even_when_offered_last() -> None:
    assert Terms.of(offer("18 8 0")).payload_type == 0
    assert Terms.of(offer("18 8")).payload_type == 8


def test_telephone_events_keep_the_offers_payload_type() -> None:
    terms = Terms.of(offer("0 96", "rtpmap:96 telephone-event/8000"))
    answer = terms.answer("127.0.0.1", 20000).audio
    assert answer is not None
    assert answer.formats == ["0", "96"]
    assert answer.port == 20000


def test_an_offer_without_telephone_events_gets_none() -> None:
    terms = Terms.of(offer("0"))
    answer = terms.answer("127.0.0.1", 20000).audio
    assert terms.event_payload_type is None
    assert answer is not None
    assert answer.formats == ["0"]


@pytest.mark.parametrize("bad", [None, parse_sdp("v=0\r\n"), offer("18")])
def test_refuses_an_offer_without_a_common_codec(bad: SdpMessage | None) -> None:
    with pytest.raises(Unacceptable):
        Terms.of(bad)


def event_packet(timestamp: int, code: int, *, end: bool = False) -> RtpPacket:
    payload = DtmfEvent(code, end=end, volume=10, duration=160).serialize()
    return RtpPacket(payload_type=101, timestamp=timestamp, payload=payload)


def test_a_digit_is_told_once_and_at_key_down() -> None:
    receiver = DigitReceiver()
    told = [receiver.receive(event_packet(160, 5, end=end)) for end in (False, False, True, True)]
    assert [event.digit if event else None for event in told] == ["5", None, None, None]


def test_the_same_digit_again_is_another_press() -> None:
    receiver = DigitReceiver()
    told = [receiver.receive(event_packet(timestamp, 11)) for timestamp in (160, 3200)]
    assert [event.digit if event else None for event in told] == ["#", "#"]


def steps(sender: DigitSender, count: int) -> list[EventPacket | None]:
    return [sender.step() for _ in range(count)]


def test_a_digit_sounds_250_ms_and_ends_with_three_packets() -> None:
    sender = DigitSender()
    sender.play("x#")
    packets = [packet for packet in steps(sender, 40) if packet]
    events = [DtmfEvent.parse(packet.payload) for packet in packets]
    assert {event.digit for event in events} == {"#"}
    assert [packet.first for packet in packets] == [True] + [False] * (len(packets) - 1)
    assert (events[-1].end, events[-1].duration, packets[-1].copies) == (True, 2000, 3)
    assert not any(event.end for event in events[:-1])


def test_audio_goes_on_for_250_ms_between_two_digits() -> None:
    sender = DigitSender()
    sender.play("12")
    played = [packet is not None for packet in steps(sender, 60)]
    second = played.index(True, played.index(False))
    assert 12 <= second - played.index(False) <= 13  # frames of 20 ms


def test_a_w_is_half_a_second_of_audio() -> None:
    sender = DigitSender()
    sender.play("w1")
    played = [packet is not None for packet in steps(sender, 60)]
    assert played.index(True) == 25  # frames of 20 ms


def frame(value: int) -> Samples:
    return np.full(160, value, np.int16)


def test_silence_when_nobody_speaks() -> None:
    assert not Mixer().mix().any()


def test_voices_add_up_without_wrapping_around() -> None:
    mixer = Mixer()
    for value in (20000, 20000):
        lane = mixer.open()
        for _ in range(START_FRAMES):
            lane.push(frame(value))
    assert set(mixer.mix()) == {32767}


def test_a_lane_waits_for_its_first_frames_and_again_after_it_ran_dry() -> None:
    mixer = Mixer()
    lane = mixer.open()
    lane.push(frame(1))
    assert not mixer.mix().any()
    lane.push(frame(1))
    assert [int(mixer.mix()[0]) for _ in range(3)] == [1, 1, 0]
    lane.push(frame(1))
    assert not mixer.mix().any()


def test_what_waits_too_long_is_dropped_oldest_first() -> None:
    mixer = Mixer()
    lane = mixer.open()
    for value in range(1, MAX_FRAMES + 2):
        lane.push(frame(value))
    assert int(mixer.mix()[0]) == MAX_FRAMES + 2 - START_FRAMES


def test_a_phone_that_is_put_through_hears_ringing_from_its_beginning_and_not_the_room() -> None:
    room = Mixer()
    lane = room.open()
    earpiece = Earpiece(room)
    spoken = np.full(FRAME_SAMPLES, 1000, np.int16)
    for _ in range(2):
        earpiece.rings = True
        for frame in ringing()[:3]:
            lane.push(spoken)
            assert np.array_equal(earpiece.frame(), frame)
    earpiece.rings = False
    for _ in range(START_FRAMES):
        lane.push(spoken)
    assert np.array_equal(earpiece.frame(), spoken)
