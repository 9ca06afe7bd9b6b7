"""The house: its schema, settings, backup and keys."""

import contextlib
from pathlib import Path

import click
from sqlalchemy.exc import ProgrammingError

from funnel import migrations, tokens
from funnel.audience import reapplying
from funnel.cli.plainly import Command, Group, refuse
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.local import backup as backups
from funnel.mail import guard


@click.command(cls=Command)
def migrate() -> None:
    """Bring the database to this version's schema, and make its keys. Safe to run again."""
    _upgrade()
    tokens.ensure_keys()
    with Session.begin() as session:
        guard.check(session, 0, utc_now())
    click.echo("The database is ready.")


@click.command(cls=Command)
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


@click.group(cls=Group)
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
    """Bring back what `backup create` wrote to SOURCE. Nothing is sent then until `sending resume`."""
    # Other machines know of withdrawals too, and the database that goes knows them all. It may be an empty one.
    with contextlib.suppress(ProgrammingError), Session.begin() as session:
        reapplying.gather(session)
    try:
        notes = backups.restore(settings(), source, replace=replace)
    except backups.BackupError as error:
        refuse(error)
    click.echo("\n".join(notes))
    _upgrade()
    with Session.begin() as session:
        guard.halt(session, guard.RESTORED, utc_now())
    click.echo("Nothing is sent until you say how to go on: flask --app wsgi sending resume --help")


@click.group(cls=Group)
def keys() -> None:
    """The keys behind links and suppressions."""


@keys.command("rewrap")
def rewrap() -> None:
    """After a change of SECRET_KEY: wrap the keys in the new one, after which SECRET_KEY_FALLBACKS may go."""
    tokens.rewrap_keys()
    click.echo("Done: the former SECRET_KEY is no longer needed for links.")


def _upgrade() -> None:
    try:
        migrations.upgrade()
    except migrations.BusyError as error:
        refuse(error)
