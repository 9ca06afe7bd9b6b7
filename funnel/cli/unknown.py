"""`flask --app wsgi messages unknown`: mails of which nobody can say whether they arrived, and what becomes of them."""

from collections.abc import Collection
from datetime import datetime

import click
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import decisions, groups
from funnel.insight import unknown as doubts
from funnel.mail import unknown as fate
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.programme.history import among


@click.command("unknown")
@click.option("--resend", is_flag=True, help="Send them again: whoever has one already gets it twice.")
@click.option("--accept", is_flag=True, help="Take them as arrived: whoever did not get one never will.")
@click.option("--yes", is_flag=True, help="Do not ask whether really all are meant.")
@click.argument("ids", nargs=-1, type=click.IntRange(1, 2**63 - 1))
def unknown(resend: bool, accept: bool, yes: bool, ids: tuple[int, ...]) -> None:
    """List the mails that may have arrived or not, or decide about those with these IDS. Without IDS: all of them."""
    if resend and accept:
        raise click.UsageError("--resend or --accept, not both.")
    if not (resend or accept):
        _list(ids)
        return
    if not ids and not yes:
        really = "Send every unknown mail again?" if resend else "Take every unknown mail as arrived?"
        click.confirm(really, abort=True)
    now = utc_now()
    with Session.begin() as session:
        known = fate.resend(session, now, *_among(ids)) if resend else fate.accept(session, *_among(ids))
        decision = _note(session, decisions.RESENT if resend else decisions.ACCEPTED, ids, known, now)
    done = [number for numbers in known.values() for number in numbers]
    click.echo(f"{len(done)} {'to be sent again' if resend else 'taken as arrived'}.")
    if decision:
        click.echo(f"To take it back: {settings().base_url}/owner/unknown/decided/{decision}")
    if left := sorted({*ids} - {*done}):
        click.echo(f"Left as they were: {', '.join(map(str, left))}. `messages unknown` says why, of those it lists.")


def _note(session: OrmSession, action: str, ids: Collection[int], known: fate.Known, now: datetime) -> int | None:
    """Writes down what the operator did, if anything; the entry's number."""
    if not known:
        return None
    entry = AuditEntry(action=action, detail={"which": list(ids) or groups.ALL, "known": known}, at=now)
    session.add(entry)
    session.flush()
    return entry.id


def _list(ids: Collection[int]) -> None:
    with Session.begin() as session:
        for doubt in doubts.listed(session, utc_now(), *_among(ids)):
            no = f"; cannot be sent again: {doubt.hindrance}" if doubt.hindrance else ""
            click.echo(f"{doubt.id:>8}  since {doubt.since:%Y-%m-%d %H:%M}  {doubt.name}  ({doubt.reason}{no})")


def _among(ids: Collection[int]) -> list[ColumnElement[bool]]:
    return [among(Message.id, ids)] if ids else []
