"""Who may sign in: making an owner, changing a password, checking one."""

import functools
import secrets
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.models.house import AuditEntry, Owner

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200  # hashing takes as long as the text is; nobody types more
FRESH_PASSWORD_BYTES = 15
SESSION_KEY_BYTES = 24

_hasher = PasswordHasher()  # Argon2id with the low-memory parameters of RFC 9106 §4


class AccountError(ValueError):
    """An address or password cannot be taken. Its text says why, and how to mend it."""


def create(session: Session, email: str, password: str, now: datetime) -> Owner:
    """A new owner, who may sign in at once. Raises AccountError."""
    email = _address(email)
    if session.scalar(select(Owner.id).where(Owner.email == email)):
        raise AccountError(f"{email} is an owner already. A new password is set with `owner password`.")
    _check_password(email, password)
    owner = Owner(email=email, password_hash=_hasher.hash(password), session_key=_fresh_key(), created_at=now)
    session.add(owner)
    session.flush()
    session.add(AuditEntry(action="owner made", detail={"owner": owner.id}, at=now))
    return owner


def change_password(session: Session, owner: Owner, password: str, now: datetime) -> None:
    """Sets the password and ends every session of this owner. Raises AccountError."""
    _check_password(owner.email, password)
    owner.password_hash = _hasher.hash(password)
    owner.session_key = _fresh_key()
    session.add(AuditEntry(action="password set", detail={"owner": owner.id}, at=now))


def sign_in(session: Session, email: str, password: str, now: datetime) -> Owner | None:
    """The owner whose address and password these are. An unknown address takes as long as a wrong password."""
    typed = email.strip().lower().replace("\x00", "")  # PostgreSQL's text holds no NUL
    owner = session.scalar(select(Owner).where(Owner.email == typed))
    if not _matches(owner.password_hash if owner else _nobodys_hash(), password) or owner is None:
        return None
    if _hasher.check_needs_rehash(owner.password_hash):
        owner.password_hash = _hasher.hash(password)
    owner.signed_in_at = now
    return owner


def fresh_password() -> str:
    """A random password, to be printed once."""
    return secrets.token_urlsafe(FRESH_PASSWORD_BYTES)


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
