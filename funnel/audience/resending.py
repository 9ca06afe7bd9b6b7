"""“Send the mail again”: the button after a form signs the same address up once more, a few times within a day.

What the button holds tells nobody anything: it is sealed, a robot's looks like everybody's, and a press gives it back.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from funnel import tokens
from funnel.audience import door, signup
from funnel.audience.visit import Visit
from funnel.models.people import SignUp
from funnel.tokens import BadToken

NOBODY = 0  # the sign-up of a robot
VALID = timedelta(days=1)
MOST = 3
SOONEST = timedelta(seconds=2)  # no person misses a mail sooner
LONGEST = 200
PAD = "="  # base64's, which our links leave out


def ticket(form_id: int, sign_up_id: int, now: datetime) -> str:
    """What the button holds, for one form; as long for whichever numbers."""
    said = f"resend {form_id:010d} {sign_up_id:019d} {int(now.timestamp() * 1000):014d}"
    return tokens.seal(said).decode().rstrip(PAD)


def is_good(held: str, form_id: int, now: datetime) -> bool:
    """Whether it was given out by this form, within VALID."""
    try:
        _, about, _, given_at = _read(held)
    except BadToken:
        return False
    return about == form_id and now.timestamp() - given_at < VALID.total_seconds()


def again(session: Session, held: str, visit: Visit, now: datetime) -> SignUp | None:
    """Signs the address up once more, under the limits of any sign-up. Raises BadToken.

    None, which nobody is told, when there is no row of it, or it was pressed MOST times, or too soon for a person.
    """
    said, _, sign_up_id, given_at = _read(held)
    if now.timestamp() - given_at < SOONEST.total_seconds():
        return None
    marks = (tokens.fingerprint(f"{said} {number}") for number in range(MOST))
    if not any(door.spend(session, mark, now + VALID) for mark in marks):
        return None
    return signup.again(session, sign_up_id, visit, now)


def _read(held: str) -> tuple[str, int, int, float]:
    """All of it, then the form, the sign-up, and the Unix time when it was given out."""
    if len(held) > LONGEST or not held.isascii():
        raise BadToken
    said = tokens.unseal((held + PAD * (-len(held) % 4)).encode())
    purpose, *numbers = said.split()
    if purpose != "resend":
        raise BadToken
    form_id, sign_up_id, given_at = map(int, numbers)
    return said, form_id, sign_up_id, given_at / 1000
