"""The puzzle that a browser solves by itself in a second or two, where a sign-up looks risky (ALTCHA).

It is signed, for one form, good for GOOD_FOR, and once. Nobody is shown pictures, and no other machine is asked.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import altcha

from funnel import tokens

FIELD = "altcha"
GOOD_FOR = timedelta(minutes=20)
COST = 1_000  # rounds of each try: to make a puzzle, and to see that it is solved, costs us as much as one
FEWEST, MOST = 500, 1_000  # tries: about a second of a phone
LONGEST = 4_000  # signs of an answer
ALGORITHM = "PBKDF2/SHA-256"


@dataclass(frozen=True)
class Solved:
    """What to spend, and until when it would be good."""

    mark: bytes
    until: datetime


def challenge(form_id: int, now: datetime) -> str:
    """A puzzle for this form, as the browser's part reads it."""
    made = altcha.create_challenge(
        ALGORITHM,
        COST,
        counter=FEWEST + secrets.randbelow(MOST - FEWEST),  # known beforehand, so that no phone is out of luck
        expires_at=now + GOOD_FOR,
        data={"form": str(form_id)},
        hmac_secret=_key(),
    )
    return json.dumps(made.to_dict())


def solved(answer: str, form_id: int) -> Solved | None:
    """The puzzle that `answer` solves, if it is one of ours for this form and not too old; it may be spent already."""
    if len(answer) > LONGEST or not altcha.verify_solution(answer, _key()).verified:
        return None
    parameters = altcha.Payload.from_base64(answer).challenge.parameters
    if parameters.data != {"form": str(form_id)} or parameters.expires_at is None:
        return None
    until = datetime.fromtimestamp(parameters.expires_at, tz=UTC)
    return Solved(bytes.fromhex(parameters.nonce), until)


def _key() -> bytes:
    return tokens.fingerprint("altcha")
