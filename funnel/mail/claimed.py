"""Claimed: a mail as its claim hands it over, and how many of them are read out of one answer of the database."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, cast, func

SEPARATOR = chr(31)  # US, the unit separator of ASCII


class Claimed(NamedTuple):
    """A mail that is ours to send until `lease_until` on the database's clock, and ours to record by `claim_id`."""

    id: int
    claim_id: int
    lease_until: datetime
    kind: str  # a MessageKind's word, as the others: made into enumerations, they would cost more than all the rest
    attempts: int  # this try counted
    expires_at: datetime
    subscriber_id: int | None
    sign_up_id: int | None
    enrolment_id: int | None
    email: str | None  # of the subscriber, as is the name
    first_name: str | None
    template: str
    message_id: str
    to_address: str | None
    step_id: int | None
    newsletter_id: int | None
    booking_id: int | None
    created_at: datetime
    language: str | None = None  # of the subscriber, as it is now


FIELDS = tuple(name for name in Claimed._fields if name not in {"claim_id", "lease_until"})
TYPED = ("email", "first_name", "to_address")  # by somebody: any sign may be in it
NUMBERS = ("attempts", "subscriber_id", "sign_up_id", "enrolment_id", "step_id", "newsletter_id", "booking_id")
TIMES = ("expires_at", "created_at")


def columns(of: Any, goes: ColumnElement[bool]) -> Iterator[ColumnElement[str]]:
    """Each of FIELDS of all mails that go, as a single text: by rows, the driver would take ten times as long."""
    for name in FIELDS:
        shown: ColumnElement[str] = func.coalesce(cast(of[name], Text), "")
        told = func.replace(shown, SEPARATOR, " ") if name in TYPED else shown
        yield func.string_agg(told, SEPARATOR).filter(goes)


def read(told: Sequence[str | None], claim_id: int, lease_until: datetime) -> list[Claimed]:
    """The mails that `columns` told of; none when nothing goes. Raises ValueError when they are not told alike."""
    if told[0] is None:
        return []
    found = {name: _values(name, (column or "").split(SEPARATOR)) for name, column in zip(FIELDS, told, strict=True)}
    count = len(found["id"])
    found["attempts"] = [spent + 1 for spent in found["attempts"]]
    found |= {"claim_id": [claim_id] * count, "lease_until": [lease_until] * count}
    return list(map(Claimed._make, zip(*(found[name] for name in Claimed._fields), strict=True)))


def _values(name: str, words: list[str]) -> list[Any]:
    """Words as what they stand for; an empty one for nothing."""
    if name == "id":
        return list(map(int, words))
    if name in NUMBERS or name in TIMES:
        # Most of them are the same, and read once.
        meant: Callable[[str], Any] = int if name in NUMBERS else datetime.fromisoformat
        known = {word: meant(word) for word in set(words) if word}
        return [known.get(word) for word in words]
    return [word or None for word in words]
