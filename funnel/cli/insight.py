"""The figures on the owner's pages."""

import time

import click

from funnel.cli.plainly import Group
from funnel.db import Session, utc_now
from funnel.insight import tallies

WAIT_S = 0.2  # for another process that is counting


@click.group(cls=Group)
def insight() -> None:
    """The figures on the owner's pages."""


@insight.command("recount")
def recount() -> None:
    """Count everything anew from the people, mails, clicks and bookings. Safe at any time, and to be stopped."""
    with Session.begin() as session:
        count = tallies.note_everything(session)
    moved = 0
    with click.progressbar(length=count, label="Counting") as bar:
        for batch in iter(_batch, None):
            moved += batch.moved
            bar.update(batch.done)
            if not batch.more:
                break
    with Session.begin() as session:
        tallies.regroup(session)
    click.echo(f"Counted. People who stand elsewhere than before: {moved}." if moved else "Counted. All stood right.")


def _batch() -> tallies.Refreshed | None:
    while True:
        with Session.begin() as session:
            done = tallies.refresh(session, utc_now())
        if done is not None:
            return done
        time.sleep(WAIT_S)
