"""Where the time goes: processor time a mail, by who spends it, and the steps of a sending process."""

from functools import partial
from statistics import median
from typing import Any

from bench import crowd, stopwatch
from bench.campaign import LIGHT, by_processes
from bench.rig import Rig
from bench.rounds import interleaved
from bench.sending import Sent
from bench.table import Row
from bench.wish import Wish

PEOPLE = 100_000
WORKERS = 2
US = 1e6


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    by_processes(rig, WORKERS, LIGHT)  # a first one, not counted
    side = partial(by_processes, rig, WORKERS, LIGHT, "--steps")
    sent = interleaved("steps", wish.rounds, {"steps": side})["steps"]
    rows = [*_by_program(sent), *_by_step(sent)]
    for row in rows:
        row.people, row.small = people, wish.is_small(PEOPLE)
    return rows


def _by_program(sent: list[Sent]) -> list[Row]:
    rows = []
    for who in sent[0].cpu:
        user, system = (median(run.cpu[who][part] for run in sent) * US for part in (0, 1))
        notes = [f"{user:.1f} its own, {system:.1f} the system's for it"]
        rows.append(
            _row(f"cpu-{who}", f"processor time a mail: {who}", [sum(run.cpu[who]) * US for run in sent], notes)
        )
    return rows


def _by_step(sent: list[Sent]) -> list[Row]:
    rows = [
        _row(f"step-{step}", f"step: {step}, in the {_where(step)}", [_spent(run, step) for run in sent])
        for step in stopwatch.STEPS
    ]
    loop = [_thread(run, True, 1) - sum(_spent(run, step) for step in stopwatch.LOOP_STEPS) for run in sent]
    system = [_thread(run, True, 2) for run in sent]
    other = [_thread(run, False, 1) + _thread(run, False, 2) for run in sent]
    return [
        *rows,
        _row("step-dialogue", "step: the dialogue and the loop itself, in the loop", loop),
        _row("step-sockets", "step: the system's work for the loop", system),
        _row("step-database", "step: the database's thread in all, processor time", other),
    ]


def _spent(run: Sent, step: str) -> float:
    spent = sum(after["steps"][step][1] - before["steps"][step][1] for before, after in run.work)
    return float(spent / run.mails * US)


def _thread(run: Sent, main: bool, part: int) -> float:
    def total(told: dict[str, Any]) -> float:
        return float(sum(thread[part] for thread in told["threads"] if thread[0] == main))

    return float(sum(total(after) - total(before) for before, after in run.work) / run.mails * US)


def _where(step: str) -> str:
    return "loop" if step in stopwatch.LOOP_STEPS else "database's thread, its waits included"


def _row(name: str, what: str, ours: list[float], notes: list[str] | None = None) -> Row:
    return Row(name, what, "µs a mail", ours, notes=notes or [])
