"""Who may sign in: inviting and removing, roles, passwords and addresses.

`by`: the id of who did it, for the audit; None from the command line.
"""

import functools
import secrets
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel.models.house import AuditEntry, Owner, Role
from funnel.web.owner import sessions, totp

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200  # hashing takes as long as the text is; nobody types more
FRESH_PASSWORD_BYTES = 15
SESSION_KEY_BYTES = 24

_hasher = PasswordHasher()  # Argon2id with the low-memory parameters of RFC 9106 §4


class AccountError(ValueError):
    """An address or password cannot be taken. Its text says why, and how to mend it."""


def create(session: Session, email: str, password: str, now: datetime, role: Role = Role.OWNER) -> Owner:
    """A new owner, who may sign in at once. Raises AccountError."""
    email = _held(session, email)
    if _somebody(session, email):
        raise AccountError(f"{email} is an owner already. A new password is set with `owner password`.")
    _check_password(email, password)
    owner = _made(session, email, role, now)
    owner.password_hash = _hasher.hash(password)
    _note(session, None, "owner made", owner, now)
    return owner


def invite(session: Session, email: str, role: Role, by: int, now: datetime) -> Owner:
    """Somebody who may sign in once they have set a password, by the link mailed to them. Raises AccountError.

    Whoever was removed is asked back; whoever has not come yet is asked again, and former links end.
    """
    email = _held(session, email)
    if (known := _somebody(session, email)) and known.password_hash:
        raise AccountError(f"{email} may sign in already. To change what they may do, choose their role below.")
    owner = known or _made(session, email, role, now)
    owner.role, owner.session_key = role, _fresh_key()
    _note(session, by, "invited somebody to sign in", owner, now, role=role)
    return owner


def change_role(session: Session, owner: Owner, role: Role, by: int | None, now: datetime) -> None:
    """Raises AccountError for the last owner: somebody must be able to do everything."""
    if role != Role.OWNER:
        _keep_one(session, owner, "Make somebody else an owner first: one must be able to do everything.")
    before, owner.role = owner.role, role
    _note(session, by, "changed what somebody may do", owner, now, role=role, before=before)


def remove(session: Session, owner: Owner, by: int | None, now: datetime) -> None:
    """They may not sign in any more; every session of theirs ends. Raises AccountError for the last owner."""
    _keep_one(session, owner, "This is the last owner. Make somebody else one first.")
    owner.removed_at = now
    owner.password_hash, owner.session_key = "", _fresh_key()
    totp.forget(session, owner)
    sessions.end_all(session, owner.id)
    _note(session, by, "removed somebody who could sign in", owner, now)


def change_password(session: Session, owner: Owner, password: str, now: datetime, by: int | None = None) -> None:
    """Sets the password and ends every session of this owner. Raises AccountError."""
    _check_password(owner.email, password)
    owner.password_hash = _hasher.hash(password)
    owner.session_key = _fresh_key()
    sessions.end_all(session, owner.id)
    _note(session, by, "password set", owner, now)


def change_address(session: Session, owner: Owner, email: str, now: datetime) -> None:
    """Sets the address to sign in with. Raises AccountError."""
    email = _held(session, email)
    if session.scalar(select(Owner.id).where(Owner.email == email, Owner.id != owner.id)):
        raise AccountError(f"{email} belongs to somebody else who may sign in, or could once.")
    owner.email = email
    owner.session_key = _fresh_key()  # links mailed to the old address end
    _note(session, owner.id, "changed their own address", owner, now)


def sign_in(session: Session, email: str, password: str, now: datetime) -> Owner | None:
    """The owner whose address and password these are. An unknown address takes as long as a wrong password."""
    typed = email.strip().lower().replace("\x00", "")  # PostgreSQL's text holds no NUL
    owner = session.scalar(select(Owner).where(Owner.email == typed, Owner.removed_at.is_(None)))
    if not _matches(owner.password_hash if owner else _nobodys_hash(), password) or owner is None:
        return None
    if _hasher.check_needs_rehash(owner.password_hash):
        owner.password_hash = _hasher.hash(password)
    owner.signed_in_at = now
    return owner


def knows(owner: Owner, password: str) -> bool:
    """Whether this is the password of `owner`, who is signed in."""
    return _matches(owner.password_hash, password)


def fresh_password() -> str:
    """A random password, to be printed once."""
    return secrets.token_urlsafe(FRESH_PASSWORD_BYTES)


def _made(session: Session, email: str, role: Role, now: datetime) -> Owner:
    """The row of somebody new, or of somebody who was removed once, without a password."""
    owner = session.scalar(select(Owner).where(Owner.email == email)) or Owner(email=email, created_at=now)
    owner.role, owner.password_hash, owner.session_key, owner.removed_at = role, "", _fresh_key(), None
    session.add(owner)
    session.flush()
    return owner


def _somebody(session: Session, email: str) -> Owner | None:
    return session.scalar(select(Owner).where(Owner.email == email, Owner.removed_at.is_(None)))


def _keep_one(session: Session, owner: Owner, why: str) -> None:
    """Raises AccountError when `owner` is the only one left who may do everything; nobody else is changed meanwhile."""
    able = (Owner.role == Role.OWNER, Owner.removed_at.is_(None), Owner.password_hash != "")
    ids = session.scalars(select(Owner.id).where(*able).order_by(Owner.id).with_for_update()).all()
    if ids == [owner.id]:
        raise AccountError(why)


def _note(session: Session, by: int | None, action: str, owner: Owner, now: datetime, **detail: object) -> None:
    session.flush()
    session.add(AuditEntry(owner_id=by, action=action, detail={"owner": owner.id, **detail}, at=now))


def _held(session: Session, email: str) -> str:
    """The address as it is kept. Who else wants the same one waits until this transaction ends, and finds it then."""
    found = _address(email)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"owner {found}", 0))))
    return found


def _address(email: str) -> str:
    try:
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise AccountError(f"“{email}” is not a mail address: {error}") from None


def _check_password(email: str, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise AccountError(
            f"The password is shorter than {SHORTEST_PASSWORD} signs. Four random words make a good one."
        )
    if len(password) > LONGEST_PASSWORD:
        raise AccountError(f"The password is longer than {LONGEST_PASSWORD} signs.")
    if password.strip().lower() == email:
        raise AccountError("The password is the address. Four random words make a good one.")


def _matches(password_hash: str, password: str) -> bool:
    try:
        return len(password) <= LONGEST_PASSWORD and _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def _fresh_key() -> str:
    return secrets.token_urlsafe(SESSION_KEY_BYTES)
