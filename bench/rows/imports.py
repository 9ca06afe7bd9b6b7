"""A file of a million people: read and checked, compared with who is here, let in; beside COPY of the same file."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import crowd
from bench.rig import Rig
from bench.rounds import interleaved
from bench.table import Row, number
from bench.wish import Wish

PEOPLE = 1_000_000
FILE = "people.csv"
HEAD = "Email,First name,Subscribed at\n"
PIECE = 1024 * 1024
LIMIT, AIM = "100,000 rows/s", "300,000 rows/s"
COPY = "COPY bare (email, first_name, at) FROM STDIN WITH (FORMAT csv, HEADER)"


@dataclass(frozen=True)
class Came:
    """Seconds of one import, and what its process held at most, in MB, beyond what it held before."""

    read: float
    judged: float
    let_in: float
    memory: float

    @property
    def whole(self) -> float:
        return self.read + self.judged + self.let_in


def measure(rig: Rig, wish: Wish) -> list[Row]:
    people, small = wish.count(PEOPLE), wish.is_small(PEOPLE)
    path = written(rig.folder / FILE, people)
    rig.database.execute("DROP TABLE IF EXISTS bare")
    rig.database.execute("CREATE TABLE bare (email text, first_name text, at timestamptz)")
    found = interleaved(
        "imports", wish.rounds, {"ours": partial(ours, rig, path, people), "copy": partial(copied, rig, path, people)}
    )
    runs: list[Came] = found["ours"]
    against, theirs = "COPY of the same file into a bare table", found["copy"]

    def row(
        name: str, what: str, seconds: list[float], limit: str = "", aim: str = "", notes: tuple[str, ...] = ()
    ) -> Row:
        rates = [people / each for each in seconds]
        return Row(
            f"imports-{name}", what, "rows/s", rates, against, theirs, limit, aim, notes=list(notes), people=people,
            small=small,
        )  # fmt: skip

    memory = max(run.memory for run in runs)
    return [
        row("read", "import: the file kept, read, its lines checked and staged", [run.read for run in runs], LIMIT, AIM,
            (f"the process grew by {number(memory)} MB at most, whatever the file's size",)),
        row("judged", "import: compared with itself, who is here and who is suppressed", [run.judged for run in runs]),
        row("let-in", "import: let in, with the evidence of each", [run.let_in for run in runs], LIMIT, AIM),
        row("whole", "import: all of it", [run.whole for run in runs]),
    ]  # fmt: skip


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
    with Session.begin() as session:
        found = staging.keep(session, FILE, _pieces(path), utc_now())
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
    times.append(time.monotonic())
    while _works():
        pass
    times.append(time.monotonic())
    assert rig.database.execute("SELECT count(*) FROM consent").fetchone() == (people,)
    return Came(times[1] - times[0] - judged[0], judged[0], times[3] - times[2], _memory() - held)


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


def copied(rig: Rig, path: Path, people: int) -> float:
    """Rows a second."""
    rig.database.execute("TRUNCATE bare")
    rig.rest()
    began = time.monotonic()
    with rig.database.cursor() as cursor, cursor.copy(COPY) as copy:
        for piece in _pieces(path):
            copy.write(piece)
    return people / (time.monotonic() - began)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
