"""`flask --app wsgi people`: people brought in by a file, and taken away as one."""

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from funnel import languages
from funnel.audience import headings, imports, staging, verdicts
from funnel.audience.headings import Column
from funnel.audience.intake import Known, Plan
from funnel.audience.segment import read
from funnel.audience.table_file import FileError
from funnel.cli.plainly import Group, refuse
from funnel.db import Session, utc_now
from funnel.insight import roster
from funnel.models.house import AuditEntry
from funnel.models.imports import WORKING, Import, ImportState, Verdict
from funnel.models.people import SubscriberState
from funnel.web.owner import sheet
from tasks import imports as task

MOST_SAID = 100
WAIT_S = 0.5
KINDS = {
    Verdict.NEW: "new", Verdict.HERE: "here already", Verdict.TWICE: "twice in the file", Verdict.LEFT: "stay out",
    Verdict.ELSEWHERE: "not subscribed where they come from", Verdict.WRONG: "to be mended",
}  # fmt: skip


@click.group(cls=Group)
def people() -> None:
    """Bring people in by a file, or take them away as one."""


@people.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--map", "maps", multiple=True, metavar="COLUMN=WHAT", help="A heading or number, and what it holds.")
@click.option("--how", help="How they agreed; kept with each as evidence.", required=True)
@click.option("--agreed-on", type=click.DateTime(["%Y-%m-%d"]), help="The day, where the file names none.")
@click.option("--known", type=click.Choice([known.value for known in Known]), default=Known.NOTHING.value)
@click.option("--language", type=click.Choice(languages.codes()), help="Of those for whom the file names none.")
@click.option("--dry-run", is_flag=True, help="Only say what would become of each line.")
@click.option("--yes", is_flag=True, help="Do not ask before they come in.")
def bring(
    file: IO[bytes], maps: tuple[str, ...], how: str, agreed_on: datetime | None, known: str,
    language: str | None, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Import the people of FILE. Columns are guessed by their headings; no course starts, and nobody gets a mail."""
    now = utc_now()
    try:
        with Session.begin() as session:
            found = staging.keep(session, Path(file.name).name, staging.pieces_of(file), now)
            rows = staging.sample(session, found)
            plan = Plan(
                _mapped(rows, maps), headings.has_headings(rows), how=how, known=Known(known),
                agreed_on=agreed_on.date() if agreed_on else None, language=language or "",
            )  # fmt: skip
            if problems := plan.problems():
                refuse("\n".join(problems.values()))
            imports.check(session, found, plan, now)
            number = found.id
    except FileError as error:
        refuse(error)
    checked = _worked(number)
    _tell(checked)
    if dry_run or not (yes or click.confirm(f"Import {imports.new(checked):,} people?")):
        with Session.begin() as session:
            imports.cancel(session, session.get_one(Import, number), utc_now())
        return
    with Session.begin() as session:
        imports.start(session, session.get_one(Import, number), utc_now())
        people = imports.new(checked)
        session.add(AuditEntry(action="imported people", detail={"number": number, "people": people}, at=utc_now()))
    click.echo(f"{_worked(number).done.get('added', 0):,} came in.")


@people.command("export")
@click.option(
    "--state", type=click.Choice([state.value for state in SubscriberState]), help="Only those in this state."
)
def give(state: str | None) -> None:
    """Write the people as CSV to standard output; cells that a spreadsheet would run are defused."""
    now = utc_now()
    segment, _ = read({"state": [state]} if state else {})
    with Session.begin() as session:
        filters = sorted(segment.plain())
        session.add(AuditEntry(action="took people away as a file", detail={"filters": filters}, at=now))
    for piece in sheet.pieces(roster.HEADER, roster.rows(Session.begin, segment, now)):
        sys.stdout.buffer.write(piece)


def _mapped(rows: list[list[str]], maps: tuple[str, ...]) -> tuple[Column | None, ...]:
    """What the columns hold: as guessed, but where it was said otherwise."""
    columns = headings.guessed(rows)
    for said in maps:
        name, _, what = said.rpartition("=")
        place = int(name) - 1 if name.isdecimal() else rows[0].index(name) if rows and name in rows[0] else -1
        if not 0 <= place < len(columns):
            refuse(f"There is no column “{name}” in this file.")
        if what and what not in set(Column):
            refuse(f"A column cannot hold “{what}”. It may hold: {', '.join(Column)}.")
        columns = [None if column == what else column for column in columns]
        columns[place] = Column(what) if what else None
    return tuple(columns)


def _worked(number: int) -> Import:
    """Works on it until there is nothing left to do, or waits for the worker that does. As it is then."""
    while True:
        with Session.begin() as session:
            lease = imports.take(session, after=number - 1, before=number + 1)
        if lease:
            task.finish(lease)
        with Session() as session:
            found = session.get_one(Import, number)
            if found.state not in WORKING:
                return found
        time.sleep(0 if lease else WAIT_S)


def _tell(found: Import) -> None:
    if found.state is ImportState.FAILED:
        refuse(found.why)
    for verdict, words in KINDS.items():
        click.echo(f"{found.counts.get(verdict, 0):>10,}  {words}")
    with Session() as session:
        for line in verdicts.listed(session, found.id, Verdict.WRONG, most=MOST_SAID):
            click.echo(f"line {line.line}: {line.reason}")
        for line in verdicts.noted(session, found.id, most=MOST_SAID):
            click.echo(f"line {line.line}: {line.reason}; they come in all the same")
