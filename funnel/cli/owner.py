"""Who may sign in at /owner/."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.cli.plainly import Group, refuse
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.house import AuditEntry, Owner, Role
from funnel.web.owner import accounts, totp

WHOSE = "Whose. May be left out while only one may sign in."


@click.group(cls=Group)
def owner() -> None:
    """Who may sign in at /owner/."""


@owner.command("create")
@click.option("--email", help="The address to sign in with. Default: OWNER_EMAIL.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.OWNER.value)
@click.option("--if-none", is_flag=True, help="Do nothing when there is an owner already.")
def create_owner(email: str | None, role: str, if_none: bool) -> None:
    """Make an owner. The password is OWNER_PASSWORD, or a fresh one printed once."""
    known = settings()
    with Session.begin() as session:
        if if_none and session.scalar(select(Owner.id).limit(1)):
            return
    email = email or known.owner_email or known.mail_from
    password = known.owner_password or accounts.fresh_password()
    try:
        with Session.begin() as session:
            accounts.create(session, email, password, utc_now(), Role(role))
    except ValueError as error:
        refuse(error)
    click.echo(f"Sign in at {known.base_url}/owner/ as {email}")
    click.echo("with the password in OWNER_PASSWORD." if known.owner_password else f"with the password {password}")


@owner.command("list")
def list_owners() -> None:
    """Who may sign in, as what, and whether with a second step."""
    with Session.begin() as session:
        for one in session.scalars(select(Owner).where(Owner.removed_at.is_(None)).order_by(Owner.id)):
            second = "two steps" if one.totp_since else "one step" if one.password_hash else "invited"
            click.echo(f"{one.email:40} {one.role:8} {second}")


@owner.command("password")
@click.option("--email", help=WHOSE)
@click.password_option(help="The new password; asked for when left out.")
def owner_password(email: str | None, password: str) -> None:
    """Set a new password, and end all sessions of that owner."""
    with Session.begin() as session:
        try:
            accounts.change_password(session, _one(session, email), password, utc_now())
        except ValueError as error:
            refuse(error)
    click.echo("The password is changed, and every session is ended.")


@owner.command("role")
@click.option("--email", required=True)
@click.argument("role", type=click.Choice([role.value for role in Role]))
def owner_role(email: str, role: str) -> None:
    """Say what somebody may do: everything (owner), all but settings and accounts (editor), or look (viewer)."""
    with Session.begin() as session:
        try:
            accounts.change_role(session, _one(session, email), Role(role), None, utc_now())
        except ValueError as error:
            refuse(error)
    click.echo(f"{email} is {'an' if role[0] in 'eo' else 'a'} {role} now.")


@owner.command("remove")
@click.option("--email", required=True)
def owner_remove(email: str) -> None:
    """Take the sign-in from somebody, and end all their sessions."""
    with Session.begin() as session:
        try:
            accounts.remove(session, _one(session, email), None, utc_now())
        except ValueError as error:
            refuse(error)
    click.echo(f"{email} may not sign in any more.")


@owner.command("two-step-off")
@click.option("--email", help=WHOSE)
def two_step_off(email: str | None) -> None:
    """Turn somebody's second step off, when telephone and recovery codes are lost."""
    with Session.begin() as session:
        one = _one(session, email)
        totp.forget(session, one)
        session.add(AuditEntry(action="turned somebody’s two-step sign-in off", detail={"owner": one.id}, at=utc_now()))
    click.echo("The second step is off: the password alone signs in.")


def _one(session: OrmSession, email: str | None) -> Owner:
    able = session.scalars(select(Owner).where(Owner.removed_at.is_(None)))
    owners = [found for found in able if not email or found.email == email.lower()]
    if len(owners) != 1:
        refuse("There is no such owner." if email else f"There are {len(owners)} owners: say which with --email.")
    return owners[0]
