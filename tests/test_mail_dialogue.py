"""The dialogue in step: pipelined or a command at a time, what is journalled when, and what follows each refusal."""

import asyncio

import pytest
import uvloop

from funnel.mail import replies
from funnel.mail.crew import Job
from funnel.mail.replies import Meaning
from funnel.relay import Relay
from tests.script_server import OFFERS, Cast, Server, a_job, script, talk  # noqa: F401

STEP_BY_STEP = OFFERS[1:]
RUNS = [asyncio.run, uvloop.run]
SENT = ("ended", "the final dot", 250)


def told(server: Server, crew: Cast, run=asyncio.run, **more) -> Cast:
    run(talk(Relay("127.0.0.1", server.port, starttls="never"), crew, **more))
    return crew


def cast(count: int = 3) -> Cast:
    return Cast(*[a_job(number) for number in range(1, count + 1)])


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
def test_every_mail_arrives_once_and_as_it_was(script, run, offers):
    server = script(offers=offers)
    crew = told(server, cast(30), run)
    assert crew.fates() == [(number, *SENT) for number in range(1, 31)]
    assert server.taken == {f"reader{number}@example.org": b"Subject: Hi\r\n\r\nHello" for number in range(1, 31)}
    assert server.said[-1] == "QUIT"
    assert crew.replies[3].text == "2.0.0 Ok: queued as 2"


def test_a_dot_and_the_next_envelope_go_in_one_write(script):
    server = script()
    server.at("dot", until=b"DATA\r\n", about="reader[12]@")  # it answers only when the next envelope is there
    assert told(server, cast()).fates() == [(number, *SENT) for number in (1, 2, 3)]
    assert server.early


def test_without_pipelining_a_command_waits_for_the_answer_to_the_one_ahead(script):
    server = script(offers=STEP_BY_STEP)
    told(server, cast())
    assert server.early == 0
    assert server.said[1:5] == [
        "MAIL FROM:<bounces+1@example.org> SIZE=22",
        "RCPT TO:<reader1@example.org>",
        "DATA",
        "(dot)",
    ]


def test_what_was_answered_and_what_begins_are_noted_before_the_dot_is_written(script):
    crew = told(script(), cast())
    assert crew.story == [
        ("dot", 1),
        ("ended", 1, "the final dot", 250),
        ("said", 1, 250),
        ("dot", 2),
        ("ended", 2, "the final dot", 250),
        ("said", 2, 250),
        ("dot", 3),
        ("ended", 3, "the final dot", 250),
        ("said", 3, 250),
    ]


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
@pytest.mark.parametrize(
    ("stage", "reply", "meaning"),
    [
        ("MAIL", "451 4.7.1 Later", Meaning.DEFERRED),
        ("MAIL", "550 5.1.7 Bad sender", Meaning.RELAY),
        ("MAIL", "530 5.7.0 Sign in", Meaning.RELAY),
        ("MAIL", "552 5.3.4 Too large", Meaning.ABOUT_US),
        ("RCPT", "452 4.2.2 Full", Meaning.DEFERRED),
        ("RCPT", "451 4.3.0 Disk trouble", Meaning.RELAY),
        ("RCPT", "550 5.1.1 No such reader", Meaning.NO_SUCH_ADDRESS),
        ("RCPT", "550-5.7.1 You are\r\n550 5.7.1 on a list", Meaning.ABOUT_US),
        ("RCPT", "550 No", Meaning.UNCLEAR),
        ("DATA", "451 4.4.1 Not now", Meaning.DEFERRED),
        ("DATA", "554 5.1.1 No", Meaning.UNCLEAR),
        ("dot", "450 4.2.0 Later", Meaning.DEFERRED),
        ("dot", "552 5.2.1 Closed", Meaning.NO_SUCH_ADDRESS),
        ("dot", "554 5.6.0 Spam", Meaning.ABOUT_US),
        ("dot", "554 No", Meaning.UNCLEAR),
    ],
)
def test_a_refusal_ends_that_mail_and_no_other(script, offers, stage, reply, meaning):
    server = script(offers=offers)
    server.at(stage, reply, about=r"\+2@")
    crew = told(server, cast())
    assert crew.fates() == [(1, *SENT), (2, "ended", stage.replace("dot", "the final dot"), int(reply[:3])), (3, *SENT)]
    assert replies.outcome(crew.replies[2], "").meaning == (meaning if meaning in Meaning else None)
    assert (len(server.taken), server.connections) == (2, 1)
    assert ("said", 2, int(reply[:3])) in crew.story or stage != "dot"


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
@pytest.mark.parametrize(("stage", "reply"), [("RCPT", "550 No"), ("DATA", "451 Later")])
def test_what_a_refused_envelope_left_behind_is_reset(script, offers, stage, reply):
    server = script(offers=offers)
    server.at(stage, reply, about="reader[12]@")
    told(server, cast())
    assert server.said.count("RSET") == 2


def test_after_a_refused_recipient_and_a_go_ahead_comes_a_lone_dot(script):
    server = script()
    server.at("RCPT", "550 5.1.1 No such reader", about="reader2@")
    server.at("DATA", "354 go all the same", about=r"\+2@")
    crew = told(server, cast())
    assert crew.fates() == [(1, *SENT), (2, "ended", "RCPT", 550), (3, *SENT)]
    assert "(lone dot)" in server.said
    assert "RSET" not in server.said


def test_a_go_ahead_for_an_accepted_recipient_of_a_refused_mail_closes_the_line(script):
    server = script()
    server.at("MAIL", "550 5.1.7 Bad sender", about=r"\+2@")
    server.at("RCPT", "250 2.1.5 Ok", about="reader2@")
    crew = told(server, cast())
    assert crew.fates() == [(1, *SENT), (2, "ended", "MAIL", 550)]
    assert list(server.taken) == ["reader1@example.org"]  # a lone dot would have brought reader2 an empty mail
    assert list(crew.jobs) == [a_job(3)]


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
def test_a_mail_no_longer_wanted_closes_the_line_and_no_dot_is_written(script, offers):
    server = script(offers=offers)
    crew = cast()
    crew.unwanted = {2}
    told(server, crew)
    assert crew.fates() == [(1, *SENT), (2, "back")]
    assert server.said.count("(dot)") == 1
    assert ("said", 1, 250) in crew.story


def test_no_dot_is_written_that_could_not_be_noted(script):
    server, crew = script(), cast()
    crew.unwritable = {2}
    told(server, crew)
    assert crew.fates() == [(1, *SENT), (2, "back"), (3, "back")]
    assert list(server.taken) == ["reader1@example.org"]


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "dot"])
def test_a_server_that_closes_defers_that_mail_and_the_next_is_given_back(script, offers, stage):
    server = script(offers=offers)
    server.at(stage, "421 4.7.0 Enough for now", about=r"\+2@", drop=True)
    crew = told(server, cast())
    fates = [(1, *SENT), (2, "ended", stage.replace("dot", "the final dot"), 421), (3, "back")]
    assert crew.fates() == (fates if stage == "dot" and offers == OFFERS else fates[:2])
    assert len(server.taken) == 1


@pytest.mark.parametrize("run", RUNS)
def test_answers_a_byte_at_a_time_of_several_lines_or_without_words(script, run):
    server = script(bytewise=True)
    server.at("MAIL", "250-2.1.0 Well\r\n250-\r\n250 2.1.0 then", about=r"\+1@")
    server.at("RCPT", "250", about=r"\+1@")
    server.at("DATA", "354-go\r\n354", about=r"\+2@")
    server.at("dot", "250-2.0.0 First\r\n250 2.0.0 second", about=r"\+2@")
    crew = told(server, cast(), run)
    assert crew.fates() == [(number, *SENT) for number in (1, 2, 3)]
    assert crew.replies[2].words == "250 2.0.0 First 2.0.0 second"


def test_a_slow_go_ahead_is_waited_for(script):
    server = script()
    server.at("DATA", stall=0.2)
    crew = told(server, cast())
    assert crew.fates() == [(number, *SENT) for number in (1, 2, 3)]


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
def test_a_mail_this_server_cannot_take_is_not_begun(script, offers):
    server = script(offers=[offer for offer in offers if offer != "SMTPUTF8"])
    crew = Cast(
        a_job(1, data=b"x" * 100_001),
        a_job(2, "zoë@example.org"),
        a_job(3, "zoe@example.org>\r\nRSET"),
        a_job(4),
    )
    told(server, crew)
    assert [fate[:2] for fate in crew.fates()] == [(1, "refused"), (2, "refused"), (3, "refused"), (4, "ended")]
    why = [str(fate[2]) for fate in crew.fates()]
    assert "larger than the 100 kB" in why[0]
    assert "letters beyond ASCII" in why[1]
    assert "hidden sign" in why[2]
    assert len([line for line in server.said if line.startswith("MAIL")]) == 1


def test_an_address_beyond_ascii_is_told_as_such(script):
    server = script()
    assert told(server, Cast(a_job(1, "zoë@example.org"))).fates() == [(1, *SENT)]
    assert server.said[1].endswith(" SIZE=22 BODY=8BITMIME SMTPUTF8")
    assert list(server.taken) == ["zoë@example.org"]


def test_leading_dots_and_a_missing_last_line_end(script):
    server = script()
    told(server, Cast(*[Job(n, 7, "a@b.org", f"r{n}@b.org", data) for n, data in enumerate([b".a\r\n..\r\nb", b"."])]))
    assert list(server.taken.values()) == [b"..a\r\n...\r\nb", b".."]
