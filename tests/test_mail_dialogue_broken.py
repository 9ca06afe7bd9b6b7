"""The dialogue out of step: lost, slow, talking nonsense or told to stop; always known on which side of the dot."""

import asyncio
import contextlib
import time

import pytest

from funnel.mail import replies, smtp
from funnel.mail.replies import Meaning, Stage
from funnel.mail.wire import MOST_LINES, Patience
from funnel.relay import Relay
from tests.script_server import OFFERS, QUICK, Cast, a_job, script, talk  # noqa: F401
from tests.test_mail_dialogue import RUNS, SENT, STEP_BY_STEP, cast, told

STAGES = {"MAIL": "MAIL", "RCPT": "RCPT", "DATA": "DATA", "dot": "the final dot"}
IMPATIENT = Patience(2, 0.2, 0.2, 0.2, 0.2, 0.2)


def relay_at(server):
    return Relay("127.0.0.1", server.port, starttls="never")


@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"reply": "", "drop": True}, "closed the connection"),
        ({"stall": 3}, "no answer in time"),
        ({"reply": "hello?"}, "none: hello?"),
        ({"reply": "25 Ok"}, "none"),
        ({"reply": "150 Wait"}, "none"),
        ({"reply": "650 What"}, "none"),
        ({"reply": "250-2.0.0 Ok\r\n550 No"}, "two answers"),
        ({"reply": "\r\n".join(["250-and"] * (MOST_LINES + 2))}, "none"),
    ],
)
def test_what_breaks_is_unknown_past_the_dot_and_not_handed_over_before(script, offers, stage, how, why):
    server = script(offers=offers)
    server.at(stage, about=r"\+1@", **how)
    crew = told(server, cast(), patience=IMPATIENT if "stall" in how else QUICK)
    enveloped = [(2, "back")] if stage == "dot" and offers == OFFERS else []
    assert crew.fates() == [(1, "ended", STAGES[stage], 0), *enveloped]
    assert why in crew.replies[1].text
    assert replies.classify(crew.replies[1]) == (Meaning.UNKNOWN if stage == "dot" else Meaning.LOST)
    assert ("said", 1, 0) not in crew.story


@pytest.mark.parametrize("reply", ["334 Go on", "354 Go on"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "dot"])
def test_an_answer_of_another_class_is_no_answer(script, stage, reply):
    server = script()
    server.at(stage, reply, about=r"\+1@")
    crew = told(server, cast())
    assert crew.fates()[0] == (1, "ended", STAGES[stage], int(reply[:3]))
    assert replies.classify(crew.replies[1]) == (Meaning.UNKNOWN if stage == "dot" else Meaning.LOST)
    assert not server.taken


def test_a_go_ahead_that_is_none_is_not_followed_by_the_mail(script):
    server = script()
    server.at("DATA", "250 Ok")
    crew = told(server, cast())
    assert crew.fates() == [(1, "ended", "DATA", 250)]
    assert "(dot)" not in server.said
    assert replies.classify(crew.replies[1]) == Meaning.LOST


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_an_answer_without_end_is_not_read_for_ever(end):
    async def babble(reader, writer):
        writer.write(b"220 Hi\r\n")
        await reader.readline()
        writer.write(b"250 Hi\r\n")
        await reader.readline()
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"250-" + b"and " * 10_000 + end)
                await writer.drain()
        writer.close()

    async def hear() -> None:
        async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
            await talk(Relay("127.0.0.1", server.sockets[0].getsockname()[1], starttls="never"), crew)

    crew = cast()
    asyncio.run(hear())
    assert crew.fates() == [(1, "ended", "MAIL", 0)]


@pytest.mark.parametrize("how", [{"reply": "", "drop": True}, {"reply": "421 4.4.2 Idle for too long", "drop": True}])
def test_a_connection_that_was_used_and_is_closed_costs_the_next_mail_nothing(script, how):
    server = script(offers=STEP_BY_STEP)
    server.at("MAIL", about=r"\+2@", **how)
    crew = told(server, cast())
    assert crew.fates() == [(1, *SENT), (2, "back") if not how["reply"] else (2, "ended", "MAIL", 421)]


def test_a_connection_lost_in_the_midst_of_a_large_mail(script):
    server = script()
    server.at("text", drop=True)
    crew = told(server, Cast(a_job(1, data=b"x" * 90_000 + b"\r\n"), a_job(2)))
    assert [fate[0] for fate in crew.fates()] == [1, 2]
    assert crew.fates()[0] == (1, "ended", "the final dot", 0)
    assert crew.fates()[1] == (2, "back")


@pytest.mark.parametrize("run", RUNS)
def test_a_server_that_takes_nothing_in_is_given_up_after_a_block(script, run):
    server = script(offers=["PIPELINING"])
    server.at("text", stall=30)
    crew = Cast(a_job(1, data=b"x" * 50_000_000 + b"\r\n"))
    began = time.monotonic()
    told(server, crew, run, patience=Patience(2, 5, 5, 0.3, 60, 1))
    assert crew.fates() == [(1, "ended", "the final dot", 0)]
    assert time.monotonic() - began < 10


def test_a_server_that_speaks_out_of_turn_is_left(script):
    async def idle() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        dialogue.wake()
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 5)
        assert not dialogue.open

    server, crew = script(), cast(1)
    server.at("dot", "250 2.0.0 Ok\r\n421 4.4.2 Bye")
    asyncio.run(idle())
    assert crew.fates() == [(1, *SENT)]


def test_what_a_server_says_can_always_be_kept(script):
    server = script()
    server.at("RCPT", "550 5.1.1 No\0such \x1b[31mreader \x85\xff", about="reader1@")
    crew = told(server, cast(1))
    assert crew.replies[1].text.isprintable()
    assert crew.replies[1].status == "5.1.1"


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
def test_told_to_finish_it_takes_in_the_answer_and_begins_no_other(script, run, offers):
    async def stop() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        dialogue.wake()
        while ("dot", 1) not in crew.story:
            await asyncio.sleep(0.005)
        dialogue.finish()
        dialogue.finish()
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 5)

    server, crew = script(offers=offers), cast()
    server.at("dot", stall=0.3)
    run(stop())
    assert crew.fates() == ([(1, *SENT), (2, "back")] if offers == OFFERS else [(1, *SENT)])
    assert list(server.taken) == ["reader1@example.org"]
    assert (server.said[-1] == "QUIT") == (offers != OFFERS)  # behind DATA it might be read as a line of the mail


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("offers", [OFFERS, STEP_BY_STEP])
def test_told_to_finish_before_the_dot_it_closes_at_once(script, offers, stage):
    async def stop() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        dialogue.wake()
        await asyncio.sleep(0.2)
        dialogue.finish()
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 1)

    server, crew = script(offers=offers), cast()
    server.at(stage, stall=1.5)
    asyncio.run(stop())
    assert (crew.fates(), server.taken) == ([(1, "back")], {})


def test_told_to_finish_by_its_crew_when_a_mail_ends(script):
    async def stop() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        crew.on_end = lambda job: dialogue.finish()
        dialogue.wake()
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 5)

    server, crew = script(), cast()
    asyncio.run(stop())
    assert crew.fates() == [(1, *SENT), (2, "back")]
    assert server.said.count("(dot)") == 1


@pytest.mark.parametrize("run", RUNS)
def test_aborted_what_has_its_dot_is_unknown_and_what_has_none_is_given_back(script, run):
    async def stop() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        dialogue.wake()
        while ("dot", 1) not in crew.story:
            await asyncio.sleep(0.005)
        dialogue.abort()
        assert not dialogue.open
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 1)
        dialogue.abort()
        dialogue.wake()

    server, crew = script(), cast()
    server.at("dot", stall=0.5)
    run(stop())
    assert crew.fates() == [(1, "ended", Stage.DOT.value, 0), (2, "back")]


@pytest.mark.parametrize("run", RUNS)
def test_an_idle_connection_is_woken_and_one_that_was_closed_meanwhile_is_not_used(script, run):
    async def pause() -> None:
        dialogue = await smtp.opened(relay_at(server), QUICK, crew)
        assert dialogue.idle
        for number in (1, 2):
            crew.jobs.append(a_job(number))
            dialogue.wake()
            assert not dialogue.idle
            while not dialogue.idle:
                await asyncio.sleep(0.005)
        assert time.monotonic() - dialogue.idle_since < 1
        server.stop()
        crew.jobs.append(a_job(3))
        await asyncio.wait_for(asyncio.shield(dialogue.closed), 5)
        dialogue.wake()

    server, crew = script(), Cast()
    run(pause())
    assert crew.fates() == [(1, *SENT), (2, *SENT)]
    assert len(crew.jobs) == 1


@pytest.mark.parametrize("run", RUNS)
def test_an_error_of_ours_in_the_midst_of_it_loses_no_mail(script, run):
    def fail(job):
        if job.message_id == 1:
            raise RuntimeError("a bug")

    crew = cast()
    crew.on_end = fail
    told(script(), crew, run)
    assert crew.fates() == [(1, *SENT), (2, "back")]
