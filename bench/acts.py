"""What is done to a send by processes of the bench's own. Each act ends when every mail has, and gives its account."""

import random
import signal
import time
from typing import Any

from bench import clocks
from bench.account import Account
from bench.moments import DELAY_S, nest, until_settled
from bench.stage import Stage

HALT_S = 22.0  # by then a process that was told to stop has ended (20 s, and its goodbye)

# Of a hundred mails: where the sink stalls, drops the connection or refuses.
ROUGH: list[dict[str, Any]] = [
    *({"at": at, "does": does, "part": 0.002} for at in ("MAIL", "RCPT", "DATA", "dot") for does in ("stall", "drop")),
    {"at": "dot", "does": "taken", "part": 0.002},
    {"at": "dot", "does": "answered", "part": 0.004},
    {"at": "greeting", "does": "drop", "part": 0.05},
    {"at": "greeting", "does": "421 4.3.2 not now", "part": 0.05},
    {"at": "EHLO", "does": "stall", "part": 0.05},
    {"at": "RCPT", "does": "550 5.1.1 no such user", "match": "reader-[0-9]*77@"},
    {"at": "RCPT", "does": "451 4.2.2 mailbox full", "match": "reader-[0-9]*5@", "once": True},
    {"at": "dot", "does": "452 4.2.0 not now", "match": "reader-[0-9]*3@", "once": True},
    {"at": "dot", "does": "554 5.6.0 not like this", "match": "reader-[0-9]*88@"},
    {"at": "DATA", "does": "421 4.3.2 closing", "part": 0.001},
    {"at": "dot", "does": "421 4.3.2 closing", "part": 0.001},
]  # fmt: skip


def senders_killed(stage: Stage, people: int, strikes: int, count: int) -> Account:
    """Newsletter and tips mixed; a sending process is killed several times a second."""
    with stage.act(f"{count} senders on one queue, killed; tips and a newsletter", people) as account:
        stage.be_rough(DELAY_S)
        stage.tips(people // 2)
        stage.newsletter(people // 2)
        with nest(stage, count) as senders:

            def strike() -> None:
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def senders_undisturbed(stage: Stage, people: int, _strikes: int, count: int) -> Account:
    with stage.act(f"{count} senders on one queue, left alone", people) as account:
        stage.newsletter()
        with nest(stage, count) as senders:
            until_settled(stage, senders)
    return account


def rough_sink(stage: Stage, people: int, strikes: int) -> Account:
    """Connections stall and break at every phase, mails are refused in every way, and senders are killed as well."""
    with stage.act("sink stalls, drops and refuses; senders killed", people) as account:
        stage.be_rough(0.0, ROUGH)
        stage.newsletter()
        with nest(stage, 3, patience_s=1.0) as senders:

            def strike() -> None:
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def sink_killed(stage: Stage, people: int, strikes: int) -> Account:
    with stage.act("sink killed and started again", people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 3) as senders:

            def strike() -> None:
                account.allowed += stage.kill_sink(senders.connections)
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def database_killed(stage: Stage, people: int, strikes: int, number: int) -> Account:
    how = "killed" if number == signal.SIGKILL else "restarted"
    with stage.act(f"PostgreSQL {how}; senders killed", people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 3) as senders:

            def strike() -> None:
                account.allowed += senders.connections()
                stage.kill_database(number)
                if number == signal.SIGKILL:
                    account.kills += 1
                else:
                    account.others += 1
                time.sleep(random.uniform(0.0, 1.0))
                account.allowed += senders.kill_one()
                account.kills += 1

            until_settled(stage, senders, strike, people, strikes)
    return account


def told_to_stop(stage: Stage, people: int, strikes: int, *, twice: bool) -> Account:
    """What is past its dot is finished, so nothing is unknown; told a second time, only what is with the relay."""
    with stage.act("senders told SIGTERM" + (" twice" if twice else ""), people) as account:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        slowest = [0.0]
        with nest(stage, 3) as senders:

            def strike() -> None:
                pid = random.choice(senders.pids())
                account.allowed += senders.connections(pid) if twice else 0
                senders.tell(pid)
                if twice:
                    time.sleep(random.uniform(0.0, 0.02))
                    senders.tell(pid)
                slowest[0] = max(slowest[0], senders.wait(pid, HALT_S))
                account.others += 1

            until_settled(stage, senders, strike, people, strikes)
        account.note = f"slowest end {slowest[0]:.1f} s"
    return account


def clocks_jump(stage: Stage, people: int, strikes: int) -> Account:
    """The database's clock, forth and back, with claims reaped after each jump; and each sender's own is hours off."""
    with stage.act("clocks jump by up to 20 hours", people) as account, clocks.loose(stage.rig) as clock:
        stage.be_rough(DELAY_S)
        stage.newsletter()
        with nest(stage, 2) as senders:
            senders.how = {"skew_s": -7200.0}
            senders.count = 3

            def strike() -> None:
                clock.jump(random.choice((0.0, 3600.0, -3600.0, 72_000.0, 300.0)))
                clock.reap()
                account.others += 1

            until_settled(stage, senders, strike, people, strikes)
    return account
