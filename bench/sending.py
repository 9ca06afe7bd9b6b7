"""One send, measured: planned, sent by a crew, taken by the sink, recorded, and the account checked."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench import watch
from bench.crew import Crew
from bench.rig import Rig


@dataclass(frozen=True)
class Sent:
    """What one send came to. Processor time is in seconds a mail; `cpu` by who spent it, user and system."""

    mails: int
    rate: float  # mails a second, from the first to the last accepted
    whole_rate: float  # from the command to the last row recorded
    planning_s: float
    bytes_a_mail: float
    sink_busy: float  # of a processor
    most_open: int  # connections
    wal_a_mail: float  # bytes that PostgreSQL wrote ahead for it
    memory: watch.Memory
    cpu: dict[str, tuple[float, float]]
    work: list[tuple[dict[str, Any], dict[str, Any]]]  # what each process of the bench's own told, before and after
    series: list[tuple[float, int, float]]  # monotonic, accepted, the sink's processor time
    began: float


def send(rig: Rig, crew: Crew, plan: Callable[[], int], delay_s: float = 0.0) -> Sent:
    """Does `plan`, which lets the crew go and returns how many mails it made, and waits until all is recorded.

    Raises StalledError, and AssertionError when a mail was taken twice or the account does not come out even.
    """
    rig.rest()
    rig.sink.ask("reset", delay_s=delay_s)
    work_before, before, wal = crew.report(), _cpu(rig, crew), _wal(rig)
    with watch.Watch(crew.pids) as watching:
        began = time.monotonic()
        mails = plan()
        planned_at = time.monotonic()
        rig.wait_until_taken(mails, crew.says)
        recorded_at = rig.wait_until_recorded(crew.says)
        saw = rig.sink.ask("report")
    after, wal_after = _cpu(rig, crew), _wal(rig)
    _check(saw, mails)
    cpu = {who: tuple((b - a) / mails for a, b in zip(before[who], after[who], strict=True)) for who in before}
    return Sent(
        mails=mails, rate=mails / saw["seconds"], whole_rate=mails / (recorded_at - began),
        planning_s=planned_at - began, bytes_a_mail=saw["bytes"] / mails, sink_busy=saw["cpu"] / saw["seconds"],
        most_open=saw["most_open"], wal_a_mail=(wal_after - wal) / mails, memory=watching.memory,
        cpu=cpu,  # type: ignore[arg-type]
        work=list(zip(work_before, crew.report(), strict=True)), series=saw["series"], began=began,
    )  # fmt: skip


def _cpu(rig: Rig, crew: Crew) -> dict[str, tuple[float, float]]:
    assert rig.postgres.process
    return {
        "workers": watch.cpu_seconds(crew.pids),
        "PostgreSQL": watch.cpu_seconds(watch.family(rig.postgres.process.pid)),
        "the sink": watch.cpu_seconds([rig.sink.process.pid]),
    }


def _wal(rig: Rig) -> int:
    row = rig.database.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    assert row
    return int(str(row[0]))


def _check(saw: dict[str, Any], mails: int) -> None:
    """Every mail that was planned was taken once and is recorded as sent."""
    from funnel.db import Session
    from funnel.programme import plan

    assert not saw["duplicates"], f"taken twice: {saw['twice']}"
    assert saw["ids"] == saw["mails"] == mails, f"{mails} planned, {saw['mails']} taken, {saw['ids']} Message-IDs"
    with Session.begin() as session:
        balance = plan.balance(session)
    assert balance.settled, f"the account does not come out even: {balance}"
    assert balance.states["sent"] == balance.planned == mails, f"{mails} planned, and the account says {balance}"  # type: ignore[index]
