"""The lines of an imported file by what becomes of each, as files."""

from collections.abc import Iterator
from http import HTTPStatus

from flask import Response, abort
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import staging, verdicts
from funnel.db import Session, utc_now
from funnel.models.imports import Import, Verdict
from funnel.web.owner import gate, sheet

NOTED = "noted"
OWN_COLUMNS = ("Line", "What to mend")

blueprint = gate.pages("import_lines", __name__)


@blueprint.get(f"/people/import/<{gate.ID}:import_id>/wrong.csv")
def to_mend(import_id: int) -> Response:
    """The lines to be mended, with the file's own columns, so that they can be chosen again."""
    with Session.begin() as session:
        found = _found(session, import_id)
        own = staging.sample(session, found)[:1] if found.plan.get("headed") else []
    header = [*(own[0] if own else ()), *OWN_COLUMNS]
    width = len(header) - len(OWN_COLUMNS)
    rows = (
        (*(line.cells[:width] or line.cells), *[""] * (width - len(line.cells)), line.line, line.reason)
        for line in _every_line(import_id, Verdict.WRONG)
    )
    return sheet.answer(f"import-{import_id}-wrong", header, rows)


@blueprint.get(f"/people/import/<{gate.ID}:import_id>/<any(here, twice, left, elsewhere, noted):verdict>.csv")
def known(import_id: int, verdict: str) -> Response:
    """All lines of one kind: they say of people who is here and who left, so they leave as an export does."""
    with Session.begin() as session:
        _found(session, import_id)
        gate.note(session, "exported people", utc_now(), what=f"import-{verdict}", number=import_id)
    of = None if verdict == NOTED else Verdict(verdict)
    told = ((line.line, line.email, line.reason) for line in _every_line(import_id, of))
    return sheet.answer(f"import-{import_id}-{verdict}", ("Line", "Address", "Why"), told)


def _every_line(import_id: int, verdict: Verdict | None) -> Iterator[verdicts.Line]:
    """Those of the verdict; for None the new ones of which something could not be taken."""
    after = 0
    while True:
        with Session.begin() as session:
            if verdict:
                some = verdicts.listed(session, import_id, verdict, after)
            else:
                some = verdicts.noted(session, import_id, after)
        if not some:
            return
        yield from some
        after = some[-1].line


def _found(session: OrmSession, import_id: int) -> Import:
    return session.get(Import, import_id) or abort(HTTPStatus.NOT_FOUND)
