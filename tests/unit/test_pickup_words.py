from __future__ import annotations

import pytest

from bot.pickup import Pickup
from bot.pickup.words import asks_something, asks_to_hold, suggested_by_words, told_by_words

MACHINES = {
    Pickup.VOICEMAIL: [
        "Hi, you've reached Anna. Please leave a message after the tone.",
        "You have reached the voice male of",
        "Please leave a massage and I'll call you back.",
        "Your call has been forwarded to an automated voice message system.",
        "Anna Smith is not available. At the tone, please record your message.",
        "The person you are trying to reach is not available.",
        "Hi, this is Sam. I can't come to the phone right now, but I'll get back to you.",
        "Sorry I missed your call. I'll return your call as soon as possible.",
        "We are currently closed. Our office hours are nine to five.",
        "2 0 2 5 5 5 0 1 2 3",
        "two oh two, five five five, zero one two three is not available",
        "At the tone record your message. When you have finished recording, press one.",
        "It's Sam. You know what to do after the beep.",
        "Leave your name and number",
        "Hey, it's Sam. You know what to do.",
        "If this is an emergency, please hang up and dial nine one one.",
    ],
    Pickup.MAILBOX_FULL: [
        "You have reached the voicemail of Anna. The mailbox is full.",
        "The mailbox you are calling is currently full and cannot accept any messages.",
        "The person you called has a voice mailbox that hasn't been set up yet.",
        "Sorry, memory is full.",
        "The mailbox you are trying to reach is full.",
        "The customer cannot accept new messages at this time.",
    ],
    Pickup.SCREENING: [
        "Please say your name and why you're calling.",
        "Hi, if you record your name and reason for calling, I'll see if this person is available.",
        "The person you're calling is using a screening service.",
        "Before I try to connect you, can I ask what you're calling about?",
        "Stay your name after the tone and we will try to connect you.",
        "Please state your name after the tone.",
    ],
    Pickup.MENU: [
        "Thank you for calling Riverside Dental. For sales, press one.",
        "Press 2 to leave a message.",
        "Please listen carefully as our menu options have changed.",
        "All of our agents are busy. This call may be recorded.",
        "Your call will be answered by the next available representative.",
        "Para español, oprima el dos.",
        "If you know your party's extension, you may dial it at any time.",
    ],
    Pickup.NOT_IN_SERVICE: [
        "The number you have dialed is not in service.",
        "We're sorry. The number you have reached has been disconnected.",
        "You have reached a non-working number.",
        "All circuits are busy now. Please try your call again later.",
        "Your call cannot be completed as dialed.",
        "The wireless customer is not available. Please try your call again later.",
        "The number you have called is not available, please try again.",
    ],
}

PEOPLE = [
    "",
    "Hello?",
    "Hello, who's calling?",
    "Who is calling?",
    "Who is calling, please?",
    "May I ask who is calling?",
    "Can I have your name and the reason for your call?",
    "I can't come to the phone now, who is this?",
    "She can't come to the phone right now.",
    "He's not available. Can I take a message?",
    "Would you like to leave a message?",
    "Do you want to leave your name and number?",
    "You can leave a message with me.",
    "Do you want his voicemail?",
    "I think you've reached the wrong number.",
    "Who are you trying to reach?",
    "Riverside Dental, please hold.",
    "Hello, this is Anna speaking.",
    "Riverside Dental, this is Anna speaking, how can I help you?",
    "You have reached Riverside Dental, how may I help you?",
    "Thank you for calling Riverside Dental.",
    "Sorry, we're closed.",
    "I'm at the beach, who is it?",
    "I missed your call, what is it about?",
    "One moment, I'll get her.",
    "I'm at work, can you call again later?",
    "It's five five five",
    "three three three three three three three three",
    "Yes, speaking. I'm not available at three.",
]


def judged(said: str) -> Pickup | None:
    return told_by_words(said) or suggested_by_words(said)


@pytest.mark.parametrize(
    ("said", "who"), [(said, who) for who, spoken in MACHINES.items() for said in spoken]
)
def test_machines_are_told_by_their_words(said: str, who: Pickup) -> None:
    assert judged(said) is who
    assert judged(said.upper().replace(",", "").replace(".", "")) is who


@pytest.mark.parametrize("said", PEOPLE)
def test_what_people_say_tells_no_machine(said: str) -> None:
    assert judged(said) is None


def test_definite_words_win_over_vague_ones() -> None:
    vague = "The number you have dialed"
    assert told_by_words(vague) is None
    assert suggested_by_words(vague) is Pickup.VOICEMAIL
    assert told_by_words(f"{vague} is not in service") is Pickup.NOT_IN_SERVICE
    voicemail = "Anna is not available. Leave a message at the tone"
    assert told_by_words(f"{voicemail}, or press one for more options.") is Pickup.VOICEMAIL
    assert told_by_words(f"{voicemail}. This mailbox is full.") is Pickup.MAILBOX_FULL


@pytest.mark.parametrize(
    ("said", "hold"),
    [
        ("Thank you. Please stay on the line.", True),
        ("Thanks.", True),
        ("Okay, let me see if they are available.", True),
        ("Please hold while I connect you.", True),
        ("Hello?", False),
        ("Hi, this is Anna.", False),
        ("Thanks for calling back.", False),
        ("Hold on, who is this?", False),
    ],
)
def test_holding_lines_are_told_from_people(said: str, hold: bool) -> None:
    assert asks_to_hold(said) is hold


def test_a_question_is_a_persons() -> None:
    assert asks_something("Riverside Dental, how can I help you?")
    assert asks_something("Who's this?")
    assert not asks_something("Hello?")
