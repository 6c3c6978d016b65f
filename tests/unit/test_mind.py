from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lab.backboard import mind
from lab.backboard.mind.receptionist import Reply
from lab.backboard.mind.transcript import Line

PROMPT = "You are the virtual receptionist of Riverside Dental, a dental practice."
GREETING = "Thank you for calling Riverside Dental. How can I help you?"
HEADING = "The call so far. Answer the caller's last words as the receptionist."
MORE = "Is there anything else?"


def tool(name: str, *properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": "string"} for key in properties}}
    return {"type": "function", "function": {"name": name, "parameters": schema}}


TOOLS = [tool("end_call"), tool("take_message", "name", "message")]


def answers(*lines: str, tools: Sequence[dict[str, Any]] = TOOLS) -> list[Reply]:
    """What the receptionist answers to each line of a call."""
    history = [Line("receptionist", GREETING)]
    replies = []
    for line in lines:
        reply = mind.reply(history, line, PROMPT, tools)
        history += [Line("caller", line), Line("receptionist", reply.text)]
        replies.append(reply)
    return replies


def answer(*lines: str, tools: Sequence[dict[str, Any]] = TOOLS) -> Reply:
    return answers(*lines, tools=tools)[-1]


def called(reply: Reply) -> list[str]:
    return [call.name for call in reply.tool_calls]


def test_the_demo_call_books_informs_and_ends() -> None:
    booking, booked, hours, farewell = answers(
        "I would like to book an appointment for Tuesday at three thirty, please.",
        "My name is Maria Lopez.",
        "What are your opening hours?",
        "No, that's all. Goodbye.",
    )
    assert booking.text == "Tuesday at three thirty is free. May I have your name, please?"
    assert booked.text == (
        f"Thank you, Maria Lopez, you are booked for Tuesday at three thirty. {MORE}"
    )
    assert hours.text == f"We are open Monday to Friday, from nine A M to five P M. {MORE}"
    assert farewell.text == "Thank you for calling Riverside Dental. Goodbye."
    assert called(farewell) == ["end_call"]
    assert not any(reply.tool_calls for reply in (booking, booked, hours))


@pytest.mark.parametrize(
    "said",
    [
        "i would like to book an appointment for tuesday at three thirty please",
        "I'd like to make an appointment for Tuesday at 3:30 p.m.",
        "Book me on Tuesday, 3.30 PM.",
        "Can I come in Tuesday at 330?",
        "An appointment on Tuesday at half past three, please!",
        "A check-up, Tuesday at 3:30pm",
        "Could I see the dentist not Monday, Tuesday at THREE THIRTY",
        "Can you schedule me for Tuesday instead of Thursday at three-thirty",
    ],
)
def test_day_and_time_are_understood_however_they_are_written(said: str) -> None:
    assert answer(said).text.startswith("Tuesday at three thirty is free.")


@pytest.mark.parametrize(
    ("said", "spoken"),
    [
        ("ten", "ten o'clock"),
        ("At ten o'clock", "ten o'clock"),
        ("quarter to five", "four forty five"),
        ("a quarter past nine in the morning", "nine fifteen"),
        ("9:05 a.m.", "nine oh five"),
        ("noon", "twelve o'clock"),
        ("in the afternoon", "two o'clock"),
        ("any time", "ten o'clock"),
        ("around 2 PM", "two o'clock"),
        ("ten fifteen", "ten fifteen"),
    ],
)
def test_a_time_on_its_own_answers_the_question_for_it(said: str, spoken: str) -> None:
    reply = answer("I need an appointment", "Friday", said)
    assert reply.text.startswith(f"Friday at {spoken} is free.")


@pytest.mark.parametrize(
    "said",
    [
        "Maria Lopez",
        "maria lopez please",
        "My name is Maria Lopez.",
        "It's Maria Lopez.",
        "Uh, yes, I'm Maria Lopez, thank you.",
        "Sure. This is Maria Lopez speaking.",
        "Under the name Maria Lopez",
        "Of course, the name is Maria Lopez",
    ],
)
def test_the_name_is_understood_however_it_is_given(said: str) -> None:
    reply = answer("An appointment on Tuesday at ten", said)
    assert "Thank you, Maria Lopez, you are booked for Tuesday at ten o'clock." in reply.text


@pytest.mark.parametrize("said", ["What?", "I don't know.", "Hm.", "Can you hear me?"])
def test_what_is_no_name_is_not_booked_under(said: str) -> None:
    assert "booked" not in answer("An appointment on Tuesday at ten", said).text


def test_one_sentence_with_everything_is_booked_at_once() -> None:
    reply = answer("My name is Zoe. Can I book a cleaning on Friday at noon?")
    assert "Thank you, Zoe, you are booked for Friday at twelve o'clock." in reply.text


def test_missing_parts_are_asked_for_one_at_a_time() -> None:
    texts = [reply.text for reply in answers("I want an appointment", "Monday", "at eleven", "Jo")]
    assert texts[:3] == [
        "Which day and what time would suit you?",
        "What time on Monday would suit you?",
        "Monday at eleven o'clock is free. May I have your name, please?",
    ]
    assert "booked for Monday at eleven o'clock" in texts[3]


def test_closed_days_and_hours_are_refused() -> None:
    assert "closed at the weekend" in answer("Book me for Saturday at ten").text
    assert "nine A M to five P M" in answer("Book me for Monday at seven").text


def test_a_question_during_a_booking_is_answered_and_the_booking_goes_on() -> None:
    texts = [reply.text for reply in answers("Book Tuesday at ten", "Where can I park?", "Jo")]
    assert texts[1].endswith("behind our building. What name shall I book under?")
    assert "booked for Tuesday at ten o'clock" in texts[2]


def test_a_booking_can_be_changed_asked_for_and_cancelled() -> None:
    texts = [
        reply.text
        for reply in answers(
            "Book Tuesday at ten, my name is Jo",
            "Actually, make it Thursday",
            "When is my appointment?",
            "Please cancel it",
            "When is my appointment?",
        )
    ]
    assert "now booked for Thursday at ten o'clock" in texts[1]
    assert "on Thursday at ten o'clock" in texts[2]
    assert "is cancelled" in texts[3]
    assert "Thursday" not in texts[4]


def test_never_mind_drops_a_booking_under_way_but_not_a_made_one() -> None:
    dropped = answer("Book Tuesday at ten", "never mind", "Jo Smith")
    assert "booked" not in dropped.text
    kept = answer("Book Tuesday at ten, my name is Jo", "never mind", "When is my appointment?")
    assert "on Tuesday at ten o'clock" in kept.text


@pytest.mark.parametrize(
    ("said", "fact"),
    [
        ("What are your opening hours?", "nine A M to five P M"),
        ("when do you close", "nine A M to five P M"),
        ("Are you open on Saturday?", "closed at the weekend"),
        ("Where are you located?", "twelve River Street"),
        ("whats the address", "twelve River Street"),
        ("Is there PARKING?", "free parking"),
        ("Do you take my insurance?", "insurance card"),
        ("I have a question about my bill.", "billing team"),
        ("My tooth hurts", "emergencies"),
        ("Can I speak to a real person?", "take a message"),
        ("Are you a robot?", "automated receptionist"),
        ("Hello, are you still there?", "I am here"),
    ],
)
def test_questions_get_their_fact(said: str, fact: str) -> None:
    assert fact in answer(said).text


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ("Can I speak to a real person?", "front-desk"),
        ("Please put me through to billing.", "billing"),
    ],
)
def test_who_asks_for_somebody_is_put_through_where_that_is_offered(said: str, target: str) -> None:
    properties = {"target": {"type": "string", "enum": ["front-desk", "billing"]}}
    transfer = {"name": "transfer_call", "parameters": {"properties": properties}}
    reply = answer(said, tools=[*TOOLS, {"type": "function", "function": transfer}])
    assert (reply.text, called(reply)) == ("", ["transfer_call"])
    assert dict(reply.tool_calls[0].arguments) == {"target": target}


def test_who_is_not_put_through_is_told_why_and_offered_a_message() -> None:
    result = mind.ToolResult("transfer_call", "The line is busy. Tell the caller.")
    assert mind.go_on([result]).text == (
        "I am sorry. The line is busy. Would you like to leave a message?"
    )


def test_two_questions_at_once_get_both_facts() -> None:
    reply = answer("What are your hours and where can I park?")
    assert "nine A M" in reply.text
    assert "free parking" in reply.text


@pytest.mark.parametrize(
    "said",
    [
        "Goodbye.",
        "Good-bye!",
        "good bye",
        "Bye bye",
        "Great, thank you, bye.",
        "No, that's all.",
        "No, that is all, thank you.",
        "nothing else thanks",
        "No, thank you.",
        "I'm all set, have a nice day",
    ],
)
def test_taking_leave_ends_the_call_after_a_goodbye(said: str) -> None:
    reply = answer("What are your hours?", said)
    assert reply.text.endswith("Goodbye.")
    assert called(reply) == ["end_call"]


def test_a_bare_no_ends_the_call_only_after_anything_else() -> None:
    assert called(answer("What are your hours?", "No.")) == ["end_call"]
    assert called(answer("mumble mumble", "No.")) == []


def test_no_with_a_request_goes_on() -> None:
    reply = answer("What are your hours?", "No, but where can I park?")
    assert "free parking" in reply.text
    assert called(reply) == []


def test_goodbye_in_the_breath_that_completes_a_booking_loses_neither() -> None:
    reply = answer("Book Tuesday at ten", "Jo Smith, thank you, goodbye")
    assert "you are booked" in reply.text
    assert called(reply) == ["end_call"]


def test_without_the_tool_a_goodbye_is_only_said() -> None:
    reply = answer("Goodbye.", tools=[])
    assert reply.text.endswith("Goodbye.")
    assert called(reply) == []


def test_a_message_is_taken_with_name_and_words() -> None:
    name, message, taken = answers(
        "Can I leave a message?", "Ann Lee", "I will be ten minutes late."
    )
    assert "your name" in name.text
    assert message.text == "Thank you, Ann Lee. What is your message?"
    assert called(taken) == ["take_message"]
    assert dict(taken.tool_calls[0].arguments) == {
        "name": "Ann Lee",
        "message": "I will be ten minutes late.",
    }


def test_message_arguments_follow_the_offered_schema() -> None:
    offered = [tool("take_message", "caller_name", "text", "callback_number")]
    reply = answer(
        "Please take a message. This is Ann Lee. Tell the doctor I am late.", tools=offered
    )
    assert dict(reply.tool_calls[0].arguments) == {
        "caller_name": "Ann Lee",
        "text": "Tell the doctor I am late.",
    }


def test_yes_to_an_offered_message_begins_one() -> None:
    assert "your name" in answer("I have a question about my bill", "Yes, please.").text


def test_without_the_tool_no_message_is_promised() -> None:
    reply = answer("Can I leave a message?", tools=[])
    assert "cannot take a message" in reply.text
    assert called(reply) == []


@pytest.mark.parametrize(
    "said", ["What did you just say?", "Pardon?", "Sorry?", "say that again", "I didn't hear that"]
)
def test_the_last_answer_is_repeated(said: str) -> None:
    repeated = answer("Where are you?", said, said).text
    assert repeated.startswith("I said: We are at twelve River Street")


def test_the_greeting_is_repeated_when_nothing_else_was_said() -> None:
    assert answer("Pardon?").text == f"I said: {GREETING}"


def test_keys_are_answered_by_their_spoken_name() -> None:
    assert answer("[The caller pressed 2]").text.startswith("You pressed two. We are open")
    assert answer("[the caller pressed 1]").text.startswith("You pressed one. Which day")
    assert answer("[The caller pressed 4 2 #]").text.startswith("You pressed four two hash.")


@pytest.mark.parametrize("said", ["", "blah blah blah", "What is the weather like?"])
def test_what_is_not_understood_gets_a_question_back(said: str) -> None:
    assert answer(said).text.endswith("?")


def test_the_practice_of_the_prompt_is_named() -> None:
    prompt = "You are the receptionist of Oak Hill Vets.\nSpeak briefly."
    assert mind.reply([], "bye", prompt).text == "Thank you for calling Oak Hill Vets. Goodbye."


def test_answers_have_no_digits_and_are_short() -> None:
    for reply in answers("Book Tuesday at 3:30 pm", "Jo", "hours?", "where are you?", "bye"):
        assert not any(character.isdigit() for character in reply.text)
        assert len(reply.text.split()) <= 30


def test_a_flattened_transcript_is_heard_like_a_thread() -> None:
    content = f"""{HEADING}
Receptionist: {GREETING}
Caller: I would like to book an appointment for Tuesday at three thirty.
Receptionist: Tuesday at three —
Caller: My name is Ann."""
    assert "Thank you, Ann, you are booked for Tuesday at three thirty." in (
        mind.reply([], content, PROMPT, TOOLS).text
    )


def test_a_thread_that_began_with_a_transcript_goes_on() -> None:
    history = [
        Line("caller", f"{HEADING}\nReceptionist: Hello\nCaller: Book me for Tuesday at ten."),
        Line("receptionist", "Tuesday at ten o'clock is free. May I have your name, please?"),
    ]
    assert "Thank you, Ann, you are booked" in mind.reply(history, "Ann", PROMPT, TOOLS).text


def test_the_callers_words_may_stand_under_a_heading() -> None:
    content = "Caller: Book Tuesday at ten.\nReceptionist: Your name?\n\nThe caller now says:\nAnn"
    assert "Thank you, Ann, you are booked" in mind.reply([], content).text


def test_a_transcript_that_ends_in_a_tool_result_is_not_called_again() -> None:
    content = f"""{HEADING}
Caller: Take a message. This is Ann. Tell the doctor I am late.
(The receptionist used take_message {{"name": "Ann"}} -> The message is saved.)"""
    reply = mind.reply([], content, PROMPT, TOOLS)
    assert reply.text == f"Thank you, I have passed your message on. {MORE}"
    assert called(reply) == []


def test_a_transcript_that_ends_in_silence_is_answered_by_a_question() -> None:
    content = f"""{HEADING}
Caller: What are your hours?
Receptionist: We are open Monday to Friday.
(Nobody has spoken since. Speak next, as your instructions say.)"""
    assert mind.reply([], content).text.startswith("Are you still there?")


def test_after_a_message_was_taken_the_caller_is_told() -> None:
    reply = mind.go_on([mind.ToolResult("take_message", "The message is saved.")])
    assert reply.text.startswith("Thank you, I have passed your message on.")


def test_a_failed_tool_is_not_called_a_success() -> None:
    assert "did not work" in mind.go_on([mind.ToolResult("take_message", "Error: disk full")]).text


def test_after_the_end_of_the_call_nothing_is_said() -> None:
    assert mind.go_on([mind.ToolResult("end_call", "")]) == Reply("")


UNKNOWN = "I am sorry, I do not know your name yet."


@pytest.mark.parametrize(
    "said",
    ["What is my name?", "what's my name", "Do you know my name?", "Do you remember my name"],
)
def test_the_caller_is_told_their_name(said: str) -> None:
    assert mind.reply([], said).text == UNKNOWN
    assert answer("Hello, my name is Ann Lee.", said).text == "Your name is Ann Lee."
    booked = answer("Book Tuesday at ten", "Zoe", said)
    assert booked.text == "Your name is Zoe."


def test_the_name_comes_from_conversation_then_memory_then_prompt() -> None:
    prompt, memories = "You are a receptionist.\nName: Pat Prompt", ["Name: Mo Memory"]
    asked = "What is my name?"
    assert mind.reply([], asked, prompt).text == "Your name is Pat Prompt."
    assert mind.reply([], asked, prompt, memories=memories).text == "Your name is Mo Memory."
    history = [Line("caller", "My name is Carl.")]
    assert mind.reply(history, asked, prompt, memories=memories).text == "Your name is Carl."


def test_a_known_caller_is_not_asked_for_the_name() -> None:
    book = "Book me for Tuesday at three thirty."
    booked = "Thank you, Ann Lee, you are booked for Tuesday at three thirty. " + MORE
    assert mind.reply([], book, memories=["The user's name is Ann Lee"]).text == booked
    assert mind.reply([], book, "The caller's name is Ann Lee.").text == booked
    assert answer("My name is Ann Lee.", book).text == booked
    assert "May I have your name" in mind.reply([], book, "Your name is Riley.").text


def test_only_what_was_heard_is_repeated() -> None:
    content = f"""{HEADING}
Caller: Where are you located?
Receptionist: We are at twelve —
Caller: What did you just say?"""
    assert mind.reply([], content).text == "I said: We are at twelve"


def test_an_answer_that_was_never_heard_is_not_repeated() -> None:
    content = f"""{HEADING}
Receptionist: Hello, how can I help?
Caller: Where are you located?
Caller: What did you say?"""
    assert mind.reply([], content).text == "I said: Hello, how can I help?"


@pytest.mark.parametrize(
    "note",
    [
        '(The caller interrupted; of your last answer they heard only "We are at twelve".)',
        "[Your last answer was cut off after “We are at twelve —”.]",
    ],
)
def test_the_callers_message_may_tell_what_was_heard(note: str) -> None:
    history = [
        Line("caller", "Where are you located?"),
        Line("receptionist", "We are at twelve River Street, beside the library."),
    ]
    asked = f"{note}\nWhat did you say?"
    assert mind.reply(history, asked).text == "I said: We are at twelve"
