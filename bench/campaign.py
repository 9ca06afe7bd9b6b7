"""One newsletter to everybody, planned while those who send it look for work, as it is in earnest."""

from functools import partial

from bench import crew, crowd, issue, reference, sending
from bench.crew import Crew
from bench.rig import Rig
from bench.sending import Sent
from bench.table import number

LIGHT = "--light"  # the 7 kB mail that others are measured with; else our own layout, which is heavier


def connections(processes: int) -> int:
    """How many each process opens, so that all have as many as smtp-source, or hardly more."""
    return -(-reference.SESSIONS // processes)


def by_processes(rig: Rig, count: int, *words: str, pool: int = 0, delay_s: float = 0.0) -> Sent:
    """Sent by processes of the bench's own, started with `words`, over `pool` connections each."""
    crowd.forget_mails(rig.database)
    with crew.processes(rig, count, pool or connections(count), *words) as hands:
        return sending.send(rig, hands, partial(_queued, hands), delay_s)


def by_procfile(rig: Rig) -> Sent:
    """Sent by Celery's worker with two processes, and beat, started as the Procfile says."""
    crowd.forget_mails(rig.database)
    with crew.celery(rig, 2, connections(2)) as hands:
        return sending.send(rig, hands, partial(_queued, hands))


def of_size(size: float, theirs: list[reference.Sent]) -> list[str]:
    """What is to be said of the mails that are compared."""
    ours = f"a mail has {number(size)} bytes with its headers"
    return [f"{ours}, one of smtp-source {number(theirs[0].bytes_a_mail)}" if theirs else ours]


def _queued(hands: Crew) -> int:
    hands.go()
    return issue.plan(issue.draft(), hands.nudge)
