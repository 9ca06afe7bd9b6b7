"""A newsletter to everybody by 1, 2 and 4 sending processes, beside smtp-source; and their memory."""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from bench import crowd, reference, sizes
from bench.campaign import LIGHT, by_processes, of_size
from bench.rig import Rig
from bench.rounds import interleaved
from bench.sending import Sent
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 100_000
WORKERS = (1, 2, 4)
USUAL = 2  # one a core: what limit and aim are for


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people = wish.count(PEOPLE)
    crowd.fresh(rig.database, people)
    size = by_processes(rig, USUAL, LIGHT).bytes_a_mail  # a first one, not counted
    sides: dict[str, Callable[[], Any]] = {}
    if reference.program():
        sides["smtp-source"] = partial(reference.send, rig, people, size)
    sides |= {str(count): partial(by_processes, rig, count, LIGHT) for count in WORKERS}
    found = interleaved("newsletter", wish.rounds, sides)
    theirs = found.get("smtp-source", [])
    rows = [row for count in WORKERS for row in of_crew(count, found[str(count)], theirs)]
    usual = found[str(USUAL)]
    rows[0].notes += [*of_size(size, theirs), *_of_the_sink(theirs, usual)]
    rows[0].facts = {
        "sizes": sizes.of_mails(rig.database, people),
        "cpu": {who: median(sum(run.cpu[who]) for run in usual) for who in usual[0].cpu},
        "wal": median(run.wal_a_mail for run in usual),
    }
    rows.append(memory("memory", "a sending process", usual))
    for row in rows:
        row.people, row.small = people, wish.is_small(PEOPLE)
    return rows


def of_crew(count: int, sent: list[Sent], theirs: list[reference.Sent]) -> list[Row]:
    who = "one sending process" if count == 1 else f"{count} sending processes"
    rates, against = [run.rate for run in theirs], "smtp-source -d -s 10" if theirs else ""
    limits = ("0.8 ×", "1.0 ×") if count == USUAL else ("", "")
    busy = f"the sink was busy {median(run.sink_busy for run in sent):.0%} of a processor's time"
    return [
        Row(f"newsletter-{count}", f"newsletter by {who}: first to last accepted", "mails/s",
            [run.rate for run in sent], against, rates, *limits, notes=[busy]),
        Row(f"newsletter-{count}-whole", f"newsletter by {who}: command to last row recorded", "mails/s",
            [run.whole_rate for run in sent], against, rates),
    ]  # fmt: skip


def memory(name: str, whose: str, sent: list[Sent]) -> Row:
    """The largest process of each run, at its largest."""
    pss = median(run.memory.peak_pss for run in sent)
    return Row(
        name, f"memory of {whose} during it, at most", "MB", [run.memory.peak_rss for run in sent],
        limit="120 MB", aim="60 MB", notes=[f"RSS; with what it shares counted in parts (PSS), {number(pss)} MB"],
    )  # fmt: skip


def _of_the_sink(theirs: list[reference.Sent], sent: list[Sent]) -> list[str]:
    if not theirs:
        return [reference.HOW_TO_INSTALL]
    own, busy = median(run.own_cpu for run in theirs), median(run.sink_busy for run in theirs)
    ratio = median(run.rate for run in sent) * own
    return [
        f"smtp-source does not pipeline, so its mails keep the sink busier than ours do: {busy:.0%} of a processor. By "
        f"its own processor time it could send {number(1 / own)} mails/s to a sink that cost nothing; measured by "
        f"that, {USUAL} processes of ours reach {number(ratio)} ×"
    ]
