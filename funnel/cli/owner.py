"""Who may sign in at /owner/."""

import click
from sqlalchemy import select

from funnel.cli.plainly import Group, refuse
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.house import Owner
from funnel.web.owner import accounts


@click.group(cls=Group)
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
