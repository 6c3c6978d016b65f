"""Where packets lie in the phone's recording."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np

from lab.phone.recording import Recording, Track
from lab.phone.sound import SAMPLE_RATE, Samples
from lab.phone.timeline import Timeline

PACKET_S = 0.02


def ramp(count: int, start: int = 1) -> Samples:
    return np.arange(start, start + count, dtype=np.int16)


def placed(packets: list[tuple[float, int]], ssrc: int = 1) -> list[float]:
    """Where packets of (time of arrival, timestamp) are placed."""
    times: list[float] = []
    timeline = Timeline(lambda at_s, _: times.append(at_s))
    for at_s, timestamp in packets:
        timeline.add(at_s, timestamp % 2**32, ssrc, ramp(160))
        timeline.settle(at_s)
    timeline.settle(math.inf)
    return times


def stream(count: int, *, at_s: float = 10.0, timestamp: int = 5000) -> list[tuple[float, int]]:
    return [(at_s + i * PACKET_S, timestamp + i * 160) for i in range(count)]


def test_a_track_holds_samples_at_their_time() -> None:
    track = Track(100.0)
    track.write(100.5, ramp(10))
    assert len(track.samples) == 4010
    assert not track.samples[:4000].any()
    np.testing.assert_array_equal(track.samples[4000:], ramp(10))


def test_a_track_grows_without_losing_anything() -> None:
    track = Track(0.0)
    for second in range(5):
        track.write(second, ramp(SAMPLE_RATE, start=second + 1))
    assert [track.samples[second * SAMPLE_RATE] for second in range(5)] == [1, 2, 3, 4, 5]


def test_what_lies_before_the_origin_is_dropped() -> None:
    track = Track(10.0)
    track.write(9.999, ramp(16))
    np.testing.assert_array_equal(track.samples, ramp(8, start=9))


def test_reading_beyond_either_end_gives_silence() -> None:
    track = Track(10.0)
    track.write(10.0, ramp(8))
    np.testing.assert_array_equal(track.read(9.999, 10.002), [0] * 8 + list(range(1, 9)) + [0] * 8)
    assert len(track.read(0.0, 0.5)) == 4000
    assert len(track.read(10.5, 10.0)) == 0


def test_a_steady_stream_is_seamless_at_its_arrival() -> None:
    times = placed(stream(50))
    assert times[0] == 10.0
    np.testing.assert_allclose(np.diff(times), PACKET_S)


def test_late_packets_lie_where_they_belong() -> None:
    packets = stream(40)
    late = [(at_s + (0.007 if i % 3 == 0 else 0.0), ts) for i, (at_s, ts) in enumerate(packets)]
    np.testing.assert_allclose(placed(late), [at_s for at_s, _ in packets])


def test_a_stalled_event_loop_does_not_move_what_it_found_waiting() -> None:
    packets = stream(60)
    stalled = [(max(at_s, 10.7) if at_s > 10.4 else at_s, ts) for at_s, ts in packets]
    np.testing.assert_allclose(placed(stalled), [at_s for at_s, _ in packets])


def test_a_pause_in_the_packets_is_a_pause_in_the_recording() -> None:
    """Even when the sender's timestamps go on as if nothing had been left out."""
    packets = stream(20) + stream(20, at_s=12.0, timestamp=5000 + 20 * 160)
    np.testing.assert_allclose(placed(packets), [at_s for at_s, _ in packets])


def test_restarted_timestamps_begin_at_their_arrival() -> None:
    packets = stream(20) + stream(20, at_s=10.4, timestamp=3_000_000)
    np.testing.assert_allclose(placed(packets), [at_s for at_s, _ in packets])


def test_timestamps_may_wrap() -> None:
    packets = stream(20, timestamp=2**32 - 800)
    np.testing.assert_allclose(placed(packets), [at_s for at_s, _ in packets])


def test_packets_out_of_order_are_put_in_order() -> None:
    packets = stream(20)
    packets[9], packets[10] = (packets[9][0], packets[10][1]), (packets[10][0], packets[9][1])
    times = placed(packets)
    np.testing.assert_allclose(np.diff(sorted(times)), PACKET_S)
    assert times[10] < times[9]


def test_another_source_is_placed_by_its_own_arrival() -> None:
    times: list[float] = []
    timeline = Timeline(lambda at_s, _: times.append(at_s))
    timeline.add(10.0, 0, 1, ramp(160))
    timeline.add(10.02, 0, 2, ramp(160))
    timeline.settle(math.inf)
    assert times == [10.0, 10.02]


def test_packets_wait_only_shortly() -> None:
    times: list[float] = []
    timeline = Timeline(lambda at_s, _: times.append(at_s))
    timeline.add(10.0, 0, 1, ramp(160))
    timeline.settle(10.04)
    assert times == []
    timeline.settle(10.06)
    assert times == [10.0]


def test_heard_is_what_the_far_end_sent_between_two_times() -> None:
    recording = Recording(50.0)
    recording.received.write(51.0, ramp(8))
    recording.sent.write(51.0, ramp(8, start=100))
    np.testing.assert_array_equal(recording.heard(51.0, 51.001), ramp(8))


def test_a_saved_recording_is_stereo_with_the_phone_on_the_left(tmp_path: Path) -> None:
    recording = Recording(0.0)
    recording.sent.write(0.0, ramp(10))
    recording.received.write(0.0, ramp(20, start=500))
    recording.save(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    np.testing.assert_array_equal(frames[:, 0], list(range(1, 11)) + [0] * 10)
    np.testing.assert_array_equal(frames[:, 1], ramp(20, start=500))
