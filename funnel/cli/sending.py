"""The mails, and what holds them back."""

import click

from funnel.cli.plainly import Group, refuse
from funnel.cli.unknown import unknown
from funnel.db import Session, utc_now
from funnel.insight import health, resting, tallies
from funnel.insight import messages as message_list
from funnel.insight.whereabouts import Where
from funnel.mail import guard, rests
from funnel.models.house import AuditEntry
from funnel.programme import forgotten


@click.group(cls=Group)
def messages() -> None:
    """The mails: what is queued, sent, deferred, failed."""


@messages.command("list")
@click.option("--state", type=click.Choice([state.value for state in Where]), multiple=True)
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
def list_messages(state: tuple[str, ...], page: int) -> None:
    """List messages, newest first, with their state and why."""
    with Session.begin() as session:
        tallies.freshen(session, utc_now())
        listed = message_list.listed(session, tuple(Where(word) for word in state), page)
        if listed.is_past_the_end:
            refuse(f"There is no page {page}: the last is page {listed.pages}.")
        for row in listed.rows:
            why = f"  ({row.reason})" if row.reason else ""
            click.echo(f"{row.id:>8}  {row.state:9} due {row.due_at:%Y-%m-%d %H:%M}  {row.name}{why}")
        click.echo(f"{listed.total} in all; page {listed.page} of {listed.pages}.")


messages.add_command(unknown)


@click.group(cls=Group)
def sending() -> None:
    """Whether mails leave: what rests, and how to go on."""


@sending.command("status")
def show_status() -> None:
    """Show what waits and what is held back, each with why, since and until."""
    now = utc_now()
    with Session.begin() as session:
        held_back = resting.resting(session, now)
        waiting = health.queue(session, now)
    for line in waiting:
        click.echo(f"{line.count:>8}  {line.state}{f'  ({line.reason})' if line.reason else ''}")
    for one in held_back:
        click.echo(f"{one.said}{f'  [{one.name}]' if one.name else ''}")
    if not held_back:
        click.echo("Nothing is held back: mails leave as they are due.")


@sending.command("resume")
@click.argument("name", required=False)
@click.option("--nothing-was-sent", is_flag=True, help="After a restore: nothing has left since the backup was made.")
def resume(name: str | None, nothing_was_sent: bool) -> None:
    """Send again what is held back: all of it, or only NAME as `sending status` shows it in brackets.

    After a restore (guard), tips and newsletters that were due by then may have left already. They become unknown, and
    none is sent twice; with --nothing-was-sent they are sent.
    """
    now = utc_now()
    with Session.begin() as session:
        names = [one.name for one in resting.resting(session, now) if one.name and name in (None, one.name)]
        if name and not names:
            refuse(f"{name} is not held back. See: flask --app wsgi sending status")
        for ended in names:
            if ended != rests.GUARD:
                rests.end(session, ended)
            elif nothing_was_sent:
                guard.resume_all(session, now)
            else:
                doubted = guard.resume(session, now)
                if doubted:
                    click.echo(f"{doubted} mails may have been sent before the restore, and are unknown now.")
                if asking := forgotten.asking(session):
                    click.echo(f"{asking} newsletters may have been sent, and wait for a word: `newsletter list`.")
            session.add(AuditEntry(action="ended a rest", detail={"rest": ended}, at=now))
    for ended in names:
        click.echo(f"{ended}: goes on.")
    if not names:
        click.echo("Nothing was held back.")
