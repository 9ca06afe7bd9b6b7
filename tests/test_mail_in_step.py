"""Answers that come in one piece are read at once, and mean the same as when they come sign by sign."""

import asyncio

import pytest

from funnel.mail.dialogue import Dialogue
from funnel.mail.envelope import Offer
from funnel.mail.wire import IN_STEP, Patience
from tests.script_server import Cast, a_job

ENVELOPE = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n"
TAKEN = b"250 2.0.0 Ok: queued as 4XyZ\r\n"
MANY = b"250-2.0.0 Ok:\r\n250 2.0.0 queued as 4XyZ\r\n"
# What the server says to three mails, each piece when it has read what stands before it.
TALKS = {
    "all taken": [ENVELOPE, TAKEN + ENVELOPE, TAKEN + ENVELOPE, TAKEN],
    "answers of several lines": [ENVELOPE, MANY + ENVELOPE, MANY + ENVELOPE, MANY],
    "one put off": [ENVELOPE, b"451 4.2.0 Later\r\n" + ENVELOPE, TAKEN + ENVELOPE, TAKEN],
    "other words and codes": [
        ENVELOPE, b"250 \r\n" + ENVELOPE, b"250 ok\n251 fine\r\n250 ok\r\n354 go\r\n", b"250 ok\r\n",
    ],
    "a recipient refused": [ENVELOPE, TAKEN + b"250 Ok\r\n550 5.1.1 No\r\n354 Go\r\n", b"250 Ok\r\n" + ENVELOPE, TAKEN],
    "out of step": [ENVELOPE, TAKEN + b"354 Go ahead\r\n" + ENVELOPE],
    "it closes": [ENVELOPE, b"421 4.3.2 Bye\r\n"],
}  # fmt: skip


class Transport:
    """Where a dialogue writes: nothing is sent."""

    def __init__(self):
        self.written = []

    def write(self, data):
        self.written.append(data)

    def set_write_buffer_limits(self, *_):
        pass

    def is_closing(self):
        return False

    def abort(self):
        pass


async def told(pieces):
    """What each of three mails comes to when the server's answers come in these pieces, and what was written."""
    crew, transport = Cast(*[a_job(number) for number in (1, 2, 3)]), Transport()
    dialogue = Dialogue(Patience(), crew, Offer({"pipelining": ""}))
    dialogue.connection_made(transport)
    dialogue.wake()
    for piece in pieces:
        if not dialogue.gone:
            dialogue.data_received(piece)
    return [[told for told in crew.story if told[1] == number] for number in (1, 2, 3)], transport.written


@pytest.mark.parametrize("talk", TALKS)
def test_wherever_the_answers_are_cut_they_mean_the_same(talk):
    answers = TALKS[talk]
    meant = asyncio.run(told(answers))
    for number, answer in enumerate(answers):
        for at in range(1, len(answer)):
            cut = [*answers[:number], answer[:at], answer[at:], *answers[number + 1 :]]
            assert asyncio.run(told(cut)) == meant, cut


def test_what_is_in_step_is_a_mail_taken_and_the_next_one_wanted():
    assert IN_STEP(TAKEN + ENVELOPE)[1] == b"2.0.0 Ok: queued as 4XyZ\r"
    for other in (MANY + ENVELOPE, TAKEN, ENVELOPE, TAKEN + ENVELOPE + b"250", b"251 Ok\r\n" + ENVELOPE):
        assert IN_STEP(other) is None
