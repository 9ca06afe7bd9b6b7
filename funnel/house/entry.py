"""The links that open an account: an invitation, and the way back in when the password is forgotten.

Each is good for a time and for one password: setting one changes the key that salts them.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from funnel import tokens
from funnel.models.house import Owner
from funnel.tokens import BadToken, Purpose

LIFE = {Purpose.INVITE: timedelta(days=7), Purpose.FORGOTTEN: timedelta(hours=1)}


def token(owner: Owner, purpose: Purpose, made_at: datetime) -> str:
    """The token that lets `owner` set a password, from `made_at` on for as long as LIFE says."""
    ends = int((made_at + LIFE[purpose]).timestamp())
    return tokens.sign(purpose, owner.id, ends, salt=owner.session_key.encode())


def opened(session: Session, token: str, now: datetime) -> tuple[Owner, Purpose] | None:
    """Whose account the token opens and why, held until the transaction ends; None when it opens none any more."""
    try:
        number, *_ = tokens.peek(token)
    except (BadToken, ValueError):
        return None
    owner = session.get(Owner, number, with_for_update=True, populate_existing=True)
    if owner is None or owner.removed_at:
        return None
    for purpose in LIFE:
        if _is_good(token, purpose, owner, now):
            return owner, purpose
    return None


def _is_good(token: str, purpose: Purpose, owner: Owner, now: datetime) -> bool:
    try:
        number, ends = tokens.read(purpose, token, salt=owner.session_key.encode())
    except (BadToken, ValueError):
        return False
    return number == owner.id and now.timestamp() < ends
