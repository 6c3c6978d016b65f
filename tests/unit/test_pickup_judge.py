from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pickup import Evidence, Judge, Judgement, Pickup, Sound
from bot.pickup.judge import (
    BARE_PAUSE_S,
    DEADLINE_S,
    LONG_PAUSE_S,
    REVISABLE_S,
    SILENCE_S,
    STALLED_S,
)

VAD_S = 0.5


def says(judge: Judge, text: str, began_s: float, ended_s: float) -> None:
    judge.speech_began(began_s)
    judge.heard(text, ended_s)
    judge.speech_ended(ended_s, ended_s + VAD_S)


def judged(judge: Judge, now_s: float) -> tuple[Pickup, Evidence] | None:
    judgement = judge.judgement(now_s)
    return (judgement.who, judgement.evidence) if judgement else None


def test_a_hello_is_a_person_as_soon_as_the_silence_is_known() -> None:
    judge = Judge()
    says(judge, "Hello?", 0.4, 0.9)

    assert judge.wakes_s == pytest.approx(0.9 + BARE_PAUSE_S)
    assert judge.judgement(1.4) is None
    assert judge.judgement(3.0) == Judgement(Pickup.PERSON, Evidence.GREETING, 0.9 + BARE_PAUSE_S)
    assert judge.wakes_s is None


def test_a_person_need_not_be_understood() -> None:
    judge = Judge()
    judge.speech_began(0.4)
    judge.speech_ended(0.9, 1.5)
    assert judged(judge, 1.6) == (Pickup.PERSON, Evidence.GREETING)


def test_who_is_silent_is_spoken_to() -> None:
    judge = Judge()
    assert judge.wakes_s == SILENCE_S
    assert judge.judgement(SILENCE_S - 0.1) is None
    assert judged(judge, SILENCE_S) == (Pickup.PERSON, Evidence.SILENCE)


def test_who_talks_on_and_on_is_a_person_at_the_deadline() -> None:
    judge = Judge()
    judge.speech_began(0.5)
    for words in range(1, 7):
        judge.heard(" ".join("well I was saying to my wife".split()[:words]), 0.5 + words / 2)
    assert judge.judgement(DEADLINE_S - 0.1) is None
    assert judged(judge, DEADLINE_S) == (Pickup.PERSON, Evidence.DEADLINE)


def test_machine_words_tell_at_once() -> None:
    judge = Judge()
    judge.speech_began(0.2)
    judge.heard("Please leave a message", 1.7)
    assert judge.judgement(1.7) == Judgement(Pickup.VOICEMAIL, Evidence.WORDS, 1.7)


def test_a_recorded_hi_is_waited_for() -> None:
    judge = Judge()
    says(judge, "Hi.", 0.2, 0.5)
    assert judge.wakes_s == pytest.approx(0.5 + LONG_PAUSE_S)
    judge.speech_began(1.3)
    judge.heard("Hi. Leave a message", 2.0)
    assert judged(judge, 2.0) == (Pickup.VOICEMAIL, Evidence.WORDS)


def test_a_question_is_a_person_sooner_than_other_words_of_that_length() -> None:
    asking, telling = Judge(), Judge()
    says(asking, "Riverside Dental, how can I help you?", 0.2, 2.3)
    says(telling, "Riverside Dental, good morning to you.", 0.2, 2.3)
    assert asking.wakes_s is not None
    assert telling.wakes_s is not None
    assert asking.wakes_s < telling.wakes_s


def test_other_voices_at_the_phone_do_not_hold_it_up() -> None:
    judge = Judge()
    judge.speech_began(0.2)
    judge.heard("Hello?", 0.9)
    assert judge.wakes_s == DEADLINE_S  # the next transcript may have more
    judge.heard("hello.", 1.6)
    assert judged(judge, 0.9 + STALLED_S) == (Pickup.PERSON, Evidence.GREETING)


def test_what_only_suggests_a_machine_is_judged_when_it_has_been_heard_out() -> None:
    judge = Judge()
    judge.speech_began(0.2)
    judge.heard("The person you are calling", 1.2)
    assert judge.judgement(1.2) is None
    judge.heard("The person you are calling is using a screening service", 2.1)
    assert judged(judge, 2.1) == (Pickup.SCREENING, Evidence.WORDS)

    judge = Judge()
    says(judge, "You've reached Anna.", 0.2, 1.2)
    assert judged(judge, 2.2) == (Pickup.VOICEMAIL, Evidence.WORDS)


def test_what_suggests_a_machine_stops_the_bot_at_once() -> None:
    judge = Judge()
    says(judge, "Hello.", 0.2, 0.7)
    assert judged(judge, 1.4) == (Pickup.PERSON, Evidence.GREETING)
    judge.heard("Hello. You have reached", 2.0)
    assert judged(judge, 2.0) == (Pickup.VOICEMAIL, Evidence.WORDS)


def test_transcripts_that_change_do_not_take_an_exact_judgement_back() -> None:
    judge = Judge()
    judge.heard("The number you have dialed is not in service", 2.0)
    judge.heard("The number you have dialed leave a message", 2.3)
    assert judged(judge, 2.3) == (Pickup.NOT_IN_SERVICE, Evidence.WORDS)


def test_a_person_is_taken_back_by_words_and_by_a_beep() -> None:
    for event in ("words", "beep"):
        judge = Judge()
        says(judge, "Hello.", 0.2, 0.7)
        assert judged(judge, 2.0) == (Pickup.PERSON, Evidence.GREETING)
        if event == "words":
            judge.heard("Hello. I can't take your call, leave a message", 6.0)
        else:
            judge.tone(Sound.BEEP, 6.0)
        judgement = judge.judgement(6.0)
        assert judgement is not None
        assert (judgement.who, judgement.after_s) == (Pickup.VOICEMAIL, 6.0)


def test_who_was_a_person_for_long_stays_one() -> None:
    judge = Judge()
    says(judge, "Hello.", 0.2, 0.7)
    late_s = REVISABLE_S + 1
    judge.heard("Hello. He said leave a message after the tone", late_s)
    judge.tone(Sound.BEEP, late_s)
    assert judged(judge, late_s) == (Pickup.PERSON, Evidence.GREETING)


def test_a_machine_is_told_more_exactly_later() -> None:
    judge = Judge()
    judge.heard("Leave a message for Anna", 1.5)
    assert judged(judge, 1.5) == (Pickup.VOICEMAIL, Evidence.WORDS)
    judge.heard("Leave a message for Anna. The mailbox is full", 3.0)
    assert judged(judge, 3.0) == (Pickup.MAILBOX_FULL, Evidence.WORDS)
    judge.tone(Sound.BEEP, 3.5)
    assert judged(judge, 3.5) == (Pickup.MAILBOX_FULL, Evidence.WORDS)


@pytest.mark.parametrize(
    ("sound", "who", "evidence"),
    [
        (Sound.BEEP, Pickup.VOICEMAIL, Evidence.BEEP),
        (Sound.SIT, Pickup.NOT_IN_SERVICE, Evidence.SIT),
        (Sound.CNG, Pickup.FAX, Evidence.FAX_TONE),
        (Sound.CED, Pickup.FAX, Evidence.FAX_TONE),
    ],
)
def test_tones_tell(sound: Sound, who: Pickup, evidence: Evidence) -> None:
    judge = Judge()
    judge.tone(sound, 1.2)
    assert judge.judgement(1.2) == Judgement(who, evidence, 1.2)


def test_a_fax_tone_after_a_greeting_is_its_beep() -> None:
    judge = Judge()
    judge.heard("Hey, it's Sam.", 1.5)
    judge.tone(Sound.CNG, 2.0)
    assert judged(judge, 2.0) == (Pickup.VOICEMAIL, Evidence.BEEP)
    judge.tone(Sound.CNG, 5.5)  # no mailbox does it again
    assert judged(judge, 5.5) == (Pickup.FAX, Evidence.FAX_TONE)


def test_words_do_not_overrule_the_networks_tones() -> None:
    judge = Judge()
    judge.tone(Sound.SIT, 1.2)
    judge.heard("The person you have called", 3.0)
    assert judged(judge, 3.0) == (Pickup.NOT_IN_SERVICE, Evidence.SIT)


def screened() -> Judge:
    judge = Judge()
    judge.heard("Please say your name and why you're calling.", 2.5)
    assert judged(judge, 2.5) == (Pickup.SCREENING, Evidence.WORDS)
    judge.restart(6.0)
    return judge


def test_after_a_restart_the_next_voice_is_judged_anew() -> None:
    judge = screened()
    assert judge.wakes_s is None
    assert judge.judgement(20.0) is None  # it rings there
    says(judge, "Hello?", 20.5, 21.0)
    assert judged(judge, 21.7) == (Pickup.PERSON, Evidence.GREETING)


def test_a_screener_that_asks_to_wait_is_still_a_screener() -> None:
    judge = screened()
    says(judge, "Thank you. Please stay on the line.", 7.0, 9.0)
    assert judged(judge, 15.0) == (Pickup.SCREENING, Evidence.HOLD)
    says(judge, "Thank you, please, stay on the line. Hello?", 15.5, 16.0)
    assert judged(judge, 16.7) == (Pickup.PERSON, Evidence.GREETING)


def test_behind_a_screener_may_be_a_mailbox() -> None:
    judge = screened()
    judge.speech_began(9.0)
    judge.heard("Anna is not available, please leave a message", 11.0)
    assert judged(judge, 11.0) == (Pickup.VOICEMAIL, Evidence.WORDS)


texts = st.sampled_from(
    ["", "Hello?", "Hi", "Hi. You've reached Anna", "this mailbox is full", "Thank you.", "1 2 3"]
)
events = st.lists(
    st.tuples(
        st.sampled_from(["began", "ended", "heard", "tone", "ask"]),
        st.floats(0.0, 1.5),
        texts,
        st.sampled_from(Sound),
    ),
    max_size=20,
)


@given(events)
def test_whatever_happens_it_is_judged_in_time_and_no_machine_becomes_a_person(
    happening: list[tuple[str, float, str, Sound]],
) -> None:
    judge, now_s, machine = Judge(), 0.0, False
    for kind, later_s, text, sound in happening:
        wakes_s, now_s = judge.wakes_s, now_s + later_s
        if kind == "began":
            judge.speech_began(now_s)
        elif kind == "ended":
            judge.speech_ended(max(0.0, now_s - VAD_S), now_s)
        elif kind == "heard":
            judge.heard(text, now_s)
        elif kind == "tone":
            judge.tone(sound, now_s)
        judgement = judge.judgement(now_s)
        assert judgement is not None or now_s < DEADLINE_S
        assert wakes_s is None or now_s < wakes_s or judgement is not None
        if judgement is not None:
            assert judgement.after_s <= now_s
            assert judgement.who.is_machine or not machine
            machine = judgement.who.is_machine
    assert judge.judgement(max(now_s, DEADLINE_S)) is not None
