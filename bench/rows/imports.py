"""A file of a million people: read and checked, compared with who is here, let in; beside COPY of the same file.

The one yardstick is COPY into a bare table. The other is what PostgreSQL itself can do here: COPY of the same file into
two tables with every index of people and of their consent, that check no address, look nobody up and promise nothing.
"""

import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from bench import copies, crowd
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 1_000_000
FILE = "people.csv"
HEAD = "Email,First name,Subscribed at\n"
LIMIT, AIM = "100,000 rows/s", "300,000 rows/s"


@dataclass(frozen=True)
class Came:
    """Seconds of one import, and what its process held at most, in MB, beyond what it held before."""

    read: float
    judged: float
    let_in: float
    memory: float
    server: float  # seconds of PostgreSQL's processor while they were let in
    logged: float  # bytes of WAL, the same

    @property
    def whole(self) -> float:
        return self.read + self.judged + self.let_in


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people, small = wish.count(PEOPLE), wish.is_small(PEOPLE)
    path = written(rig.folder / FILE, people)
    copies.prepare(rig)
    sides = {
        "ours": partial(ours, rig, path, people),
        "bare": partial(copies.seconds, rig, path, copies.BARE),
        "indexed": partial(copies.seconds, rig, path, copies.INDEXED),
    }
    found = interleaved("imports", wish.rounds, {"parsed": partial(parsed, path), **sides})
    runs: list[Came] = found["ours"]
    bare = "COPY of the same file into a bare table", [people / seconds for seconds, _ in found["bare"]]
    indexed = (
        "COPY of the same file into tables with the same indexes",
        [people / seconds for seconds, _ in found["indexed"]],
    )

    def row(
        name: str, what: str, rates: list[float], yardstick: tuple[str, list[float]], limit: str = "", aim: str = ""
    ) -> Row:
        return Row(f"imports-{name}", what, "rows/s", rates, *yardstick, limit, aim, people=people, small=small)

    def rates(phase: str) -> list[float]:
        return [people / getattr(run, phase) for run in runs]

    made = [
        row("parsed", "import: its lines read and checked, by the process alone",
            [people / each for each in found["parsed"]], bare),
        row("read", "import: the file kept, its lines read, checked and staged", rates("read"), bare, LIMIT, AIM),
        row("judged", "import: compared with itself, who is here, who is suppressed", rates("judged"), bare),
        row("let-in", "import: let in, with the evidence of each", rates("let_in"), indexed, LIMIT, AIM),
        row("whole", "import: all of it", rates("whole"), indexed, LIMIT, AIM),
    ]  # fmt: skip
    memory = max(run.memory for run in runs)
    made[1].notes.append(f"the process grew by {number(memory)} MB at most, whatever the file's size")
    server = statistics.median(run.server for run in runs) / people * 1e6
    theirs = statistics.median(spent for _, spent in found["indexed"]) / people * 1e6
    logged = statistics.median(run.logged for run in runs) / people
    made[3].notes.append(
        f"{server:.1f} µs of PostgreSQL’s processor a row, of that COPY {theirs:.1f}; "
        f"{number(logged)} bytes of its log (WAL)"
    )
    return made


def written(path: Path, people: int) -> Path:
    """A file as other programs export it."""
    with path.open("w") as file:
        file.write(HEAD)
        for at in range(people):
            name = crowd.FIRST_NAMES[at % len(crowd.FIRST_NAMES)]
            file.write(f"reader-{at}@d{at % crowd.DOMAINS}.example.org,{name},2024-0{at % 9 + 1}-1{at % 9} 09:30:00\n")
    return path


def ours(rig: Rig, path: Path, people: int) -> Came:
    """The very functions that the page and the worker call, in this process."""
    from funnel.audience import headings, imports, staging
    from funnel.audience.intake import Plan
    from funnel.db import Session, utc_now
    from tasks import imports as task

    rig.database.execute("TRUNCATE subscriber, consent, import, import_row, import_piece CASCADE")
    rig.rest()
    held = _memory(afresh=True)
    times = [time.monotonic()]
    with Session.begin() as session, path.open("rb") as file:
        found = staging.keep(session, FILE, staging.pieces_of(file), utc_now())
        plan = Plan(tuple(headings.guessed(staging.sample(session, found))), headed=True, how="on our former form")
        imports.check(session, found, plan, utc_now())
        number = found.id
    with _judging() as judged:
        task.work()
    times.append(time.monotonic())
    with Session.begin() as session:
        checked = imports.hold(session, number)
        assert checked
        assert imports.new(checked) == people, checked.why
        imports.start(session, checked, utc_now())
    server, logged = copies.server(rig), _logged(rig)
    times.append(time.monotonic())
    while _works():
        pass
    times.append(time.monotonic())
    server, logged = copies.server(rig) - server, _logged(rig) - logged
    assert rig.database.execute("SELECT count(*) FROM consent").fetchone() == (people,)
    return Came(times[1] - times[0] - judged[0], judged[0], times[3] - times[2], _memory() - held, server, logged)


@contextmanager
def _judging() -> Iterator[list[float]]:
    """How long the comparing took, of all that a check does."""
    from funnel.audience import verdicts

    judge, spent = verdicts.judge, [0.0]

    def timed(*told: object) -> object:
        began = time.monotonic()
        found = judge(*told)  # type: ignore[arg-type]
        spent[0] = time.monotonic() - began
        return found

    verdicts.judge = timed  # type: ignore[assignment]
    try:
        yield spent
    finally:
        verdicts.judge = judge


def _works() -> bool:
    from funnel.audience import imports
    from funnel.db import Session
    from tasks import imports as task

    with Session.begin() as session:
        lease = imports.take(session)
    return lease is not None and task.work_on(lease)


def _memory(*, afresh: bool = False) -> float:
    """MB that this process held at most since it was last asked `afresh`."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


def parsed(path: Path) -> float:
    """Seconds in which this process reads the file, checks each line and writes it as COPY takes it, for nobody."""
    from funnel.audience import staging, table_file
    from funnel.audience.headings import Column
    from funnel.audience.intake import Plan
    from funnel.audience.scribe import Scribe
    from funnel.db import utc_now
    from tasks import imports as task

    plan = Plan((Column.ADDRESS, Column.FIRST_NAME, Column.AGREED), headed=True, how="on our former form")
    began = time.monotonic()
    with path.open("rb") as file:
        lines = table_file.written(staging.pieces_of(file), table_file.Spelling("utf-8", ","))
        scribe = Scribe(1, plan, utc_now())
        while scribe.write(islice(lines, task.LINES)):
            pass
    return time.monotonic() - began


def _logged(rig: Rig) -> float:
    found = rig.database.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
    return float(str(found[0])) if found else 0.0
