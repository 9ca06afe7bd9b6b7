"""The people, and the mails that come back from them."""

import json
import sys

import click
from sqlalchemy import select

from funnel import tokens
from funnel.cli.plainly import Group, refuse
from funnel.db import Session, utc_now
from funnel.insight import timeline
from funnel.models.people import Subscriber
from funnel.response import bounces as returned


@click.group(cls=Group)
def subscriber() -> None:
    """The people."""


@subscriber.command("show")
@click.argument("address")
def show_subscriber(address: str) -> None:
    """Show everything that happened with ADDRESS, newest first."""
    with Session.begin() as session:
        found = session.scalar(select(Subscriber).where(Subscriber.address_hash == tokens.address_hash(address)))
        if not found:
            refuse("Nobody with this address.")
        click.echo(
            f"Subscriber {found.id}: {found.state}, pace {found.pace}, came by {found.source or 'an unnamed way'}"
        )
        for entry in timeline.of(session, found.id, utc_now()):
            click.echo(f"{entry.at:%Y-%m-%d %H:%M}  {entry.words}")
            if entry.detail:
                click.echo(f"{'':18}{' '.join(entry.detail.split())}")  # a server's reply may have several lines


@click.group(cls=Group)
def bounces() -> None:
    """Mails that come back."""


@bounces.command("read")
def read_bounce() -> None:
    """Read one bounce or complaint from standard input, so that a mail server can pipe them in."""
    raw = sys.stdin.buffer.read()
    if not raw.strip():
        refuse("Nothing came on standard input: pipe one mail in, headers and all.")
    with Session.begin() as session:
        click.echo(json.dumps(vars(returned.read(session, raw, utc_now())), default=str))
