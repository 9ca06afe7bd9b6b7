"""`flask --app wsgi newsletter`: the issues, and the same verbs as on the pages."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import ParamSpec

import click
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import addressees, orders
from funnel.cli import order_words
from funnel.cli.plainly import Group, refuse
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import issue_account
from funnel.insight.issue_account import Account
from funnel.models.content import Newsletter, NewsletterState, ZoneMode
from funnel.models.house import AuditEntry
from funnel.models.mail import MessageState
from funnel.programme import contest, forgotten, outgoing, send_times, settling

SHOWN = 50
MINUTE_S, HOUR_S = 60, 3600
WORDS = {
    NewsletterState.DRAFT: "a draft",
    NewsletterState.SCHEDULED: "scheduled",
    NewsletterState.SENDING: "being sent",
    NewsletterState.PAUSED: "paused",
    NewsletterState.SENT: "sent",
    NewsletterState.CANCELLED: "cancelled",
}
P = ParamSpec("P")
NUMBER = click.argument("number", type=click.IntRange(1, 2**63 - 1))
NOT_SENT = click.option(
    "--not-sent", is_flag=True, help="After a restore: it was not sent in the time that the backup does not know."
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, to how many and when. Change nothing.")


@click.group(cls=Group)
def newsletter() -> None:
    """The newsletters: list, show, send, pause, resume, cancel."""


@newsletter.command("list")
def list_issues() -> None:
    """List the newest newsletters with their state."""
    with Session.begin() as session:
        newest = select(Newsletter).where(outgoing.is_issue()).order_by(Newsletter.id.desc()).limit(SHOWN)
        for issue in session.scalars(newest).all():
            when = _time(issue.ended_at or issue.send_at)
            asks = "  [asks whether it was sent]" if forgotten.asks(issue) else ""
            click.echo(f"{issue.id:>8}  {issue.state:9}  {when:21}  {issue.subject}{asks}")


@newsletter.command("show")
@NUMBER
@click.option("--count", is_flag=True, help="Count every mail instead of what is added up: seconds for a million.")
def show(number: int, count: bool) -> None:
    """Show where the mails of a newsletter are. With --count, exit code 1 says that the sum does not hold."""
    now = utc_now()
    with Session.begin() as session:
        issue = _issue(session, number)
        for line in (*_said(session, issue, now), *_summed(issue_account.account(session, number, now))):
            click.echo(line)
        if count:
            found = settling.recounted(session, outgoing.family(session, number))
            click.echo(f"counted: {_states(found)}; {sum(found.values()):,} in all, {issue.planned:,} planned")
            if sum(found.values()) != issue.planned:
                refuse("The sum does not hold.")


@newsletter.command("send")
@NUMBER
@click.option(
    "--at", "wall", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]), help="By the practice's clock."
)
@click.option("--readers-clock", is_flag=True, help="At that hour of each reader's own clock.")
@click.option("--segment", metavar="NAME|everybody", help="To whom. Needed for a draft of which that is not known.")
@click.option("--with-course", is_flag=True, help="Also to those who are still in a course.")
@NOT_SENT
@DRY_RUN
def send(
    number: int,
    wall: datetime | None,
    readers_clock: bool,
    segment: str | None,
    with_course: bool,
    not_sent: bool,
    dry_run: bool,
) -> None:
    """Schedule a draft: in five minutes, in which `newsletter cancel` takes it back, or --at a time.

    It refuses what the page refuses. To whom it goes is --segment, or the people it was scheduled to before; that it
    goes to everybody is said each time. One whose time passed while the service was down is sent now, to whom it was
    scheduled.
    """
    now = utc_now()
    if readers_clock and wall is None:
        raise click.UsageError("--readers-clock needs --at.")
    with Session() as session:
        issue = _issue(session, number)
        if not_sent:
            _ask(forgotten.believe, session, number)
        if wall is None and send_times.lateness(issue, now):
            order_words.late(session, issue, with_course, segment, now)
            _ask(outgoing.confirm_late, session, number, now)
            what = "sent late, from now on"
            if issue.zone_mode is ZoneMode.READER:
                what += " (for most readers at that hour of their next day)"
        else:
            at = send_times.moment(wall) if wall else None
            mode = ZoneMode.READER if readers_clock else ZoneMode.PRACTICE
            order = order_words.order(session, issue, at, mode, with_course, segment, now)
            _ask(orders.place, session, number, order, now)
            what = f"scheduled for {_time(issue.send_at)}{' of each reader’s clock' if readers_clock else ''}"
        people = addressees.count(session, addressees.chosen(issue, now))
        kept_out = "" if issue.in_archive else " It is kept out of the archive."
        _end(session, number, "scheduled a newsletter", now, dry_run)
    click.echo(
        f"Newsletter {number} {'would be' if dry_run else 'is'} {what}, to {people:,} people as of now.{kept_out}"
    )


@newsletter.command("pause")
@NUMBER
@DRY_RUN
def pause(number: int, dry_run: bool) -> None:
    """Hold what has not been sent. What is being handed over this moment may still arrive."""
    _do(outgoing.pause, number, "paused a newsletter", dry_run)


@newsletter.command("resume")
@NUMBER
@NOT_SENT
@DRY_RUN
def resume(number: int, not_sent: bool, dry_run: bool) -> None:
    """Let a paused newsletter go on where it stopped; with --not-sent, one that waits since a restore."""
    _do(forgotten.go_on if not_sent else outgoing.resume, number, "resumed a newsletter", dry_run)


@newsletter.command("cancel")
@NUMBER
@DRY_RUN
def cancel(number: int, dry_run: bool) -> None:
    """Send no more of it, for good. One that is only scheduled becomes a draft again."""
    with Session.begin() as session:
        scheduled = _issue(session, number).state is NewsletterState.SCHEDULED
    if scheduled:
        _do(
            lambda session, number, now: outgoing.unschedule(session, number), number, "took a newsletter back", dry_run
        )
    else:
        _do(outgoing.cancel, number, "cancelled a newsletter", dry_run)


def _do(verb: Callable[[OrmSession, int, datetime], Newsletter], number: int, action: str, dry_run: bool) -> None:
    now = utc_now()
    with Session() as session:
        _issue(session, number)
        issue = _ask(verb, session, number, now)
        lines = _summed(issue_account.account(session, number, now))
        state = issue.state
        _end(session, number, action, now, dry_run)
    click.echo(f"Newsletter {number} {'would be' if dry_run else 'is'} {WORDS[state]}.")
    for line in lines:
        click.echo(line)


def _end(session: OrmSession, number: int, action: str, now: datetime, dry_run: bool) -> None:
    if dry_run:
        session.rollback()
        return
    session.add(AuditEntry(action=action, detail={"newsletter": number}, at=now))
    session.commit()


def _ask(verb: Callable[P, Newsletter], *given: P.args, **more: P.kwargs) -> Newsletter:
    try:
        return verb(*given, **more)
    except ValueError as why:  # in words for the owner
        refuse(why)


def _issue(session: OrmSession, number: int) -> Newsletter:
    found = session.scalar(select(Newsletter).where(Newsletter.id == number, outgoing.is_issue()))
    if found is None:
        refuse(f"There is no newsletter {number}. See: flask --app wsgi newsletter list")
    return found


def _said(session: OrmSession, issue: Newsletter, now: datetime) -> Iterator[str]:
    yield f"“{issue.subject}”: {WORDS[issue.state]}"
    if issue.state is NewsletterState.SCHEDULED:
        clock = " of each reader’s clock" if issue.zone_mode is ZoneMode.READER else ""
        people = addressees.count(session, addressees.chosen(issue, now))
        yield f"leaves {_time(issue.send_at)}{clock}, to {people:,} people as of now"
        if late := send_times.lateness(issue, now):
            ago = f"{late.total_seconds() / HOUR_S:.0f} hours ago"
            yield f"its time passed {ago}, while the service was down: `newsletter send {issue.id}` sends it now"
    if issue.doubted_at:
        yield outgoing.IN_DOUBT
        yield "not sent: `newsletter send` or `resume` with --not-sent; sent: on its page, or `newsletter cancel`"
    if verdict := contest.kept(issue):
        first, second = (f"{count:,} of {of:,}" for count, of in (verdict.a, verdict.b))
        yield f"two subjects: {first} clicked the first, {second} the second"
        yield f"the second is better with {verdict.chance:.1%}; {verdict.winner.upper()} was chosen by {verdict.by}"


def _summed(found: Account) -> Iterator[str]:
    if not found.planned and not found.looked_at:
        return
    yield f"planned {found.planned:,}: {_states(found.states)}; being sent {found.in_hand:,}; waiting {found.waiting:,}"
    if found.left is not None and found.waiting:
        yield f"{found.rate:,.1f} a second; about {found.left.total_seconds() / MINUTE_S:,.0f} minutes left"


def _states(found: dict[MessageState, int]) -> str:
    return ", ".join(f"{state} {found.get(state, 0):,}" for state in MessageState if state in found)


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(settings().zone):%Y-%m-%d %H:%M %Z}" if at else ""
