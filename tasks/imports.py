"""Files of people: checked, let in and taken back, chunk by chunk: whoever is killed is followed exactly there."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count, islice

from sqlalchemy.orm import Session as OrmSession

from funnel.audience import admission, asking, imports, staging, table_file, undoing, verdicts
from funnel.audience.headings import Column
from funnel.audience.imports import Lease
from funnel.audience.intake import Plan, Way
from funnel.audience.scribe import Scribe
from funnel.audience.table_file import FileError
from funnel.db import Session, utc_now
from funnel.models.imports import Import, ImportState
from tasks.celery import app

SLICE_S = 5.0  # then the sending, and the clock, have their turn
LINES = 25_000

log = logging.getLogger(__name__)


@app.task(name="tasks.imports.work")
def work() -> None:
    """Each import that has work to be done, for some seconds; asks for the next turn where more is left."""
    more, last = False, 0
    while lease := _take(last):
        last = lease.id
        more |= finish(lease)
    if more:
        work.delay()


@app.task(name="tasks.imports.clear")
def clear() -> None:
    """Deletes the files and lines that are kept no longer."""
    with Session.begin() as session:
        old = imports.past_keeping(session, utc_now())
    for import_id in old:
        _clear(import_id)


def finish(lease: Lease) -> bool:
    """`work_on`, and a file that cannot be read to its end is told so."""
    try:
        return work_on(lease)
    except FileError as error:
        _fail(lease, str(error))
        return False


def work_on(lease: Lease, seconds: float = SLICE_S) -> bool:
    """Works on the import for so long; whether more is to be done now. Raises FileError for one that cannot be read."""
    if lease.state is ImportState.CHECKING:
        _check(lease)
        return False
    step, ended = _STEPS[lease.state]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with Session.begin() as session:
            found = imports.renew(session, lease)
            if found is None:
                return False
            lines = step(session, found)
            if lines and _asks(found):
                imports.rest(session, found, asking.EVERY)
                return False
            if not lines:
                if lease.state is ImportState.RUNNING:
                    # A crash of PostgreSQL empties the staging, which is not logged.
                    if found.reached < imports.new(found):
                        imports.end(session, found, ImportState.FAILED, utc_now(), imports.LOST)
                        return False
                    admission.complete(session, found, utc_now())
                imports.end(session, found, ended, utc_now())
                return False
    with Session.begin() as session:
        imports.let_go(session, lease)
    return True


def _take(after: int) -> Lease | None:
    with Session.begin() as session:
        return imports.take(session, after)


def _check(lease: Lease) -> None:
    """From the beginning, whoever began it before: a million lines take some seconds."""
    if not _forget_former_lines(lease):
        return
    with Session.begin() as session:
        found = imports.renew(session, lease)
        if found is None:
            return
        plan, spelling, size = Plan.read(found.plan), staging.spelling(found), found.size
    scribe, pieces = Scribe(lease.id, plan, utc_now()), _Pieces(lease.id)
    lines = table_file.written(pieces, spelling)
    if plan.headed:
        next(lines, None)
    # While the database takes a chunk, the next is read.
    with ThreadPoolExecutor(max_workers=1) as database:
        kept: Future[bool] | None = None
        try:
            while chunk := scribe.write(islice(lines, LINES)):
                if kept and not kept.result():
                    return
                kept = database.submit(_stage, lease, chunk, pieces.read)
        finally:
            going_on = kept.result() if kept else True  # before anybody else renews the lease, or lets it go
    if not going_on:
        return
    if pieces.read != size:
        raise FileError(imports.LOST)
    with Session.begin() as session:
        found = imports.renew(session, lease)
        if found is not None:
            found.counts = {verdict.value: lines for verdict, lines in verdicts.judge(session, lease.id).items()}
            found.spoken = verdicts.spoken(session, lease.id) if Column.LANGUAGE in plan.columns else {}
            imports.end(session, found, ImportState.CHECKED, utc_now())


def _forget_former_lines(lease: Lease) -> bool:
    """Deletes what an earlier check left, renewing the lease all the while; False when the import is no longer ours."""
    gone = 1
    while gone:
        with Session.begin() as session:
            if imports.renew(session, lease) is None:
                return False
            gone = staging.clear_rows(session, lease.id)
    return True


def _stage(lease: Lease, lines: str, reached: int) -> bool:
    with Session.begin() as session:
        found = imports.renew(session, lease)
        if found is None:
            return False
        staging.put(session, lines)
        found.reached = reached
    return True


class _Pieces:
    """The file's pieces, each read in a transaction of its own, and how many bytes of it have been."""

    def __init__(self, import_id: int) -> None:
        self.import_id, self.read = import_id, 0

    def __iter__(self) -> Iterator[bytes]:
        for number in count():
            with Session.begin() as session:
                piece = staging.piece(session, self.import_id, number)
            if piece is None:
                return
            self.read += len(piece)
            yield piece


def _asks(found: Import) -> bool:
    return found.state is ImportState.RUNNING and Plan.read(found.plan).way is Way.ASK


def _admit(session: OrmSession, found: Import) -> int:
    if _asks(found):
        return asking.ask(session, found, utc_now())
    return admission.admit(session, found, utc_now())


def _take_back(session: OrmSession, found: Import) -> int:
    return undoing.take_back(session, found, utc_now())


_STEPS: dict[ImportState, tuple[Callable[[OrmSession, Import], int], ImportState]] = {
    ImportState.RUNNING: (_admit, ImportState.DONE),
    ImportState.UNDOING: (_take_back, ImportState.UNDONE),
}


def _fail(lease: Lease, why: str) -> None:
    with Session.begin() as session:
        found = imports.renew(session, lease)
        if found is not None:
            imports.end(session, found, ImportState.FAILED, utc_now(), why)


def _clear(import_id: int) -> None:
    """In transactions of their own, so that none deletes a million."""
    with Session.begin() as session:
        staging.clear_pieces(session, import_id)
    gone = 1
    while gone:
        with Session.begin() as session:
            gone = staging.clear_rows(session, import_id)
