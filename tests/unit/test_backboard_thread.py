from __future__ import annotations

from dataclasses import replace

import pytest

from bot.backboard.thread import NewThread, NextMessage, Thread, Threads, ToolOutputs
from bot.backboard.transcript import Conversation, Entry, Said, Used

HELLO = Said("assistant", "Hello, how can I help?")
HOURS = Said("user", "What are your hours?")
NINE = Said("assistant", "We open at nine.")
THANKS = Said("user", "Thanks.")
CALL = Used("call_1", "look_up", "{}")
DONE = replace(CALL, output="free")


def conversation(*entries: Entry, instructions: str = "Be kind.") -> Conversation:
    return Conversation(instructions, entries)


def resting(*entries: Entry, thread_id: str = "t", waiting_run_id: str | None = None) -> Threads:
    threads = Threads()
    threads.remember(Thread(thread_id, conversation(*entries), waiting_run_id))
    return threads


def test_new_words_after_what_the_thread_holds_are_all_that_is_sent() -> None:
    plan = resting(HELLO, HOURS, NINE).claim(conversation(HELLO, HOURS, NINE, THANKS))
    assert plan == NextMessage("t", "Thanks.")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((HELLO, HOURS, replace(NINE, interrupted=True), THANKS), id="cut short"),
        pytest.param((HELLO, HOURS, replace(NINE, text="We open"), THANKS), id="edited"),
        pytest.param((HELLO, HOURS, THANKS), id="never spoken"),
        pytest.param((HOURS, NINE, THANKS), id="truncated"),
        pytest.param((HELLO, HOURS, NINE, NINE, THANKS), id="more said since"),
        pytest.param((HELLO, HOURS, NINE, THANKS, THANKS), id="two turns"),
        pytest.param((HELLO, HOURS, NINE), id="nothing new"),
        pytest.param((HELLO, Said("user", "What are your"), THANKS), id="another turn"),
    ],
)
def test_a_context_the_thread_does_not_hold_goes_to_a_new_thread(
    entries: tuple[Entry, ...],
) -> None:
    plan = resting(HELLO, HOURS, NINE).claim(conversation(*entries))
    assert isinstance(plan, NewThread)


def test_other_instructions_go_to_a_new_thread() -> None:
    plan = resting(HOURS, NINE).claim(conversation(HOURS, NINE, THANKS, instructions="Be brief."))
    assert isinstance(plan, NewThread)


def test_the_final_spelling_of_an_adopted_speculation_is_the_same_turn() -> None:
    spoken = replace(HOURS, text="what are your hours")
    plan = resting(spoken, NINE).claim(conversation(HOURS, NINE, THANKS))
    assert plan == NextMessage("t", "Thanks.")


def test_a_discarded_speculation_is_never_built_upon() -> None:
    threads = resting(HELLO, Said("user", "What"), Said("assistant", "Pardon?"))
    assert isinstance(threads.claim(conversation(HELLO, HOURS)), NewThread)


def test_a_discarded_speculation_that_ends_late_does_not_displace_the_adopted_answer() -> None:
    threads = resting(HOURS, NINE, thread_id="adopted")
    threads.remember(Thread("late", conversation(Said("user", "What"), HELLO)))
    assert threads.claim(conversation(HOURS, NINE, THANKS)) == NextMessage("adopted", "Thanks.")


def test_two_requests_in_flight_never_share_a_thread() -> None:
    threads = resting(HOURS, NINE)
    turn = conversation(HOURS, NINE, THANKS)
    assert isinstance(threads.claim(turn), NextMessage)
    assert isinstance(threads.claim(turn), NewThread)


def test_outputs_of_every_waiting_call_go_to_the_run() -> None:
    other, other_done = Used("call_2", "book"), Used("call_2", "book", "{}", "booked")
    threads = resting(HOURS, CALL, other, waiting_run_id="r")
    plan = threads.claim(conversation(HOURS, DONE, other_done))
    assert plan == ToolOutputs("t", "r", {"call_1": "free", "call_2": "booked"})


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((HOURS, CALL), id="output missing"),
        pytest.param((HOURS, DONE, THANKS), id="caller spoke meanwhile"),
        pytest.param((HOURS, replace(DONE, call_id="call_9")), id="other call"),
        pytest.param((HOURS, THANKS), id="call not kept"),
    ],
)
def test_a_waiting_run_that_cannot_be_answered_is_left_behind(entries: tuple[Entry, ...]) -> None:
    threads = resting(HOURS, CALL, waiting_run_id="r")
    assert isinstance(threads.claim(conversation(*entries)), NewThread)


def test_the_order_of_words_and_calls_within_one_reply_does_not_matter() -> None:
    """LiveKit files a reply by the time it was heard, maybe after the calls it made."""
    plan = resting(HOURS, NINE, DONE).claim(conversation(HOURS, DONE, NINE, THANKS))
    assert plan == NextMessage("t", "Thanks.")


def test_an_output_changed_after_the_model_saw_it_goes_to_a_new_thread() -> None:
    threads = resting(HOURS, DONE, NINE)
    plan = threads.claim(conversation(HOURS, replace(DONE, output="taken"), NINE, THANKS))
    assert isinstance(plan, NewThread)
