"""The commands: `flask --app wsgi --help`."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from funnel import migrations, tokens
from funnel.config import SettingsError, settings
from funnel.db import Session, utc_now
from funnel.insight import messages as message_list
from funnel.insight import timeline
from funnel.local import backup as backups
from funnel.models.house import Owner
from funnel.models.mail import MessageState
from funnel.models.people import Subscriber
from funnel.programme import content_files
from funnel.response import bounces as returned
from funnel.web.owner import accounts


def attach(app: Flask) -> None:
    for command in (migrate, check, owner, content, messages, subscriber, bounces, backup, keys):
        app.cli.add_command(command)


def refuse(why: object) -> NoReturn:
    raise click.ClickException(str(why))


class DatabaseAwayError(click.ClickException):
    exit_code = os.EX_TEMPFAIL  # a mail server that pipes a bounce in keeps it, and tries again later


class _Command(click.Command):
    def invoke(self, ctx: click.Context) -> Any:
        with _said_plainly():
            return super().invoke(ctx)


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        with _said_plainly():
            return super().invoke(ctx)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What the operator can mend is said in a line, without a traceback."""
    try:
        yield
    except SettingsError as error:
        refuse(error)
    except OperationalError as error:
        raise DatabaseAwayError(f"The database cannot be used: {error.orig}") from None


@click.command(cls=_Command)
def migrate() -> None:
    """Bring the database to this version's schema, and make its keys. Safe to run again."""
    migrations.upgrade()
    tokens.ensure_keys()
    click.echo("The database is ready.")


@click.command(cls=_Command)
def check() -> None:
    """Check every setting and show what is in force, secrets hidden. A wrong one is refused with its mend."""
    known = settings()
    secret = {"secret_key", "secret_key_fallbacks", "database_url", "redis_url", "owner_password"}
    for name, value in vars(known).items():
        if name == "relays":
            value = ", ".join(relay.name for relay in known.relays)
        elif name in secret:
            value = "set" if value else "not set"
        click.echo(f"{name.upper():22} {value}")
    click.echo("Every setting is good.")


@click.group(cls=_Group)
def owner() -> None:
    """Who may sign in at /owner/."""


@owner.command("create")
@click.option("--email", help="The address to sign in with. Default: OWNER_EMAIL.")
@click.option("--if-none", is_flag=True, help="Do nothing when there is an owner already.")
def create_owner(email: str | None, if_none: bool) -> None:
    """Make an owner. The password is OWNER_PASSWORD, or a fresh one printed once."""
    known = settings()
    with Session.begin() as session:
        if if_none and session.scalar(select(Owner.id).limit(1)):
            return
    email = email or known.owner_email or known.mail_from
    password = known.owner_password or accounts.fresh_password()
    try:
        with Session.begin() as session:
            accounts.create(session, email, password, utc_now())
    except ValueError as error:
        refuse(error)
    click.echo(f"Sign in at {known.base_url}/owner/ as {email}")
    click.echo("with the password in OWNER_PASSWORD." if known.owner_password else f"with the password {password}")


@owner.command("password")
@click.option("--email", help="Whose password. May be left out while there is only one owner.")
@click.password_option(help="The new password; asked for when left out.")
def owner_password(email: str | None, password: str) -> None:
    """Set a new password, and end all sessions of that owner."""
    with Session.begin() as session:
        owners = [found for found in session.scalars(select(Owner)) if not email or found.email == email.lower()]
        if len(owners) != 1:
            refuse("There is no such owner." if email else f"There are {len(owners)} owners: say which with --email.")
        try:
            accounts.change_password(session, owners[0], password, utc_now())
        except ValueError as error:
            refuse(error)
    click.echo("The password is changed, and every session is ended.")


@click.group(cls=_Group)
def content() -> None:
    """The forms, posts and courses kept as files."""


@content.command("load")
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=content_files.FOLDER)
def load_content(folder: Path) -> None:
    """Load the forms, posts and courses of FOLDER into the database. A broken file is named with its line."""
    try:
        with Session.begin() as session:
            loaded = content_files.load(session, folder, utc_now())
    except content_files.ContentError as error:
        refuse(error)
    click.echo(str(loaded))


@click.group(cls=_Group)
def messages() -> None:
    """The mails: what is queued, sent, deferred, failed."""


@messages.command("list")
@click.option("--state", type=click.Choice([state.value for state in MessageState]), multiple=True)
@click.option("--page", default=1, show_default=True, type=click.IntRange(1))
def list_messages(state: tuple[str, ...], page: int) -> None:
    """List messages, newest first, with their state and why."""
    with Session.begin() as session:
        listed = message_list.listed(session, tuple(MessageState(word) for word in state), page)
        if listed.is_past_the_end:
            refuse(f"There is no page {page}: the last is page {listed.pages}.")
        for row in listed.rows:
            why = f"  ({row.reason})" if row.reason else ""
            click.echo(f"{row.id:>8}  {row.state:9} due {row.due_at:%Y-%m-%d %H:%M}  {row.name}{why}")
        click.echo(f"{listed.total} in all; page {listed.page} of {listed.pages}.")


@click.group(cls=_Group)
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


@click.group(cls=_Group)
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


@click.group(cls=_Group)
def backup() -> None:
    """Backup of database and keys."""


@backup.command("create")
@click.argument("target", type=click.Path(path_type=Path))
def create_backup(target: Path) -> None:
    """Write the database and its keys to TARGET, a file or a folder. It holds personal data: keep it safe."""
    try:
        click.echo(f"Written: {backups.create(settings(), target)}")
    except backups.BackupError as error:
        refuse(error)


@backup.command("restore")
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Overwrite a database that holds data.")
def restore_backup(source: Path, replace: bool) -> None:
    """Bring back what `backup create` wrote to SOURCE."""
    try:
        notes = backups.restore(settings(), source, replace=replace)
    except backups.BackupError as error:
        refuse(error)
    click.echo("\n".join(notes))


@click.group(cls=_Group)
def keys() -> None:
    """The keys behind links and suppressions."""


@keys.command("rewrap")
def rewrap() -> None:
    """After a change of SECRET_KEY: wrap the keys in the new one, after which SECRET_KEY_FALLBACKS may go."""
    tokens.rewrap_keys()
    click.echo("Done: the former SECRET_KEY is no longer needed for links.")
