"""What tells a person's form from a robot's, without a cookie, a script or a puzzle: a dated token and a honeypot.

Flask-WTF's session token fails in a frame on another site and in a form pasted there; this one is signed and dated.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from flask import request

from funnel import tokens
from funnel.languages import Said
from funnel.tokens import BadToken, Purpose

FIELD = "token"
HONEYPOT = "website"  # a name no browser fills in by itself and most robots do
SOONEST_S = 2
LATEST_S = 24 * 60 * 60


class Verdict(StrEnum):
    PERSON = "person"
    ROBOT = "robot"  # it filled in what no person sees
    TOO_SOON = "too soon"
    TOO_LATE = "too late"
    UNKNOWN = "unknown"  # no token, or not one of ours: a plain form pasted elsewhere, or a forged one


ONE_MORE_TAP = {
    Verdict.TOO_SOON: Said("That was quick. Please tap the button once more, so that we know you are a person."),
    Verdict.TOO_LATE: Said("This page was open for more than a day. Nothing is lost: please tap the button once more."),
    Verdict.UNKNOWN: Said("One more tap, please: look over what you typed, then tap the button."),
}


def token(purpose: Purpose, *about: int, now: datetime, salt: bytes = b"") -> str:
    """The dated token of a form shown now."""
    return tokens.sign(purpose, *about, int(now.timestamp() * 1000), salt=salt)


def verdict(purpose: Purpose, *about: int, now: datetime) -> Verdict:
    """Who filled in the form of this request."""
    return judged(request.form, age(purpose, *about, now=now))


def judged(posted: Mapping[str, str], seconds: float | None) -> Verdict:
    """Who filled in a form that was shown so many seconds ago; None: its token is not one of ours."""
    if posted.get(HONEYPOT):
        return Verdict.ROBOT
    if seconds is None:
        return Verdict.UNKNOWN
    if seconds < SOONEST_S:
        return Verdict.TOO_SOON
    return Verdict.PERSON if seconds <= LATEST_S else Verdict.TOO_LATE


def token_again(purpose: Purpose, *about: int, now: datetime) -> str:
    """The token of a form shown again: the old one while it is good, so that the next tap need not wait."""
    seconds = age(purpose, *about, now=now)
    if seconds is None or seconds > LATEST_S / 2:
        return token(purpose, *about, now=now)
    return request.form[FIELD]


def age(purpose: Purpose, *about: int, now: datetime, field: str = FIELD, salt: bytes = b"") -> float | None:
    """Seconds since the form of this request was shown; None when it has no token of ours for `about` and `salt`."""
    found, seconds = shown(purpose, request.form.get(field, ""), now=now, salt=salt)
    return seconds if found == about else None


def shown(purpose: Purpose, token: str, *, now: datetime, salt: bytes = b"") -> tuple[tuple[int, ...] | None, float]:
    """What a form's token is about, and how many seconds ago it was given out; None: it is none of ours."""
    try:
        *about, milliseconds = tokens.read(purpose, token, salt=salt)
    except (BadToken, ValueError):  # no number in it
        return None, 0
    return tuple(about), now.timestamp() - milliseconds / 1000
