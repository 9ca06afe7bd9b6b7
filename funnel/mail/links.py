"""The links in a mail: where each leads, its row, and the address under which a person finds it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.config import Settings, settings
from funnel.models.mail import Link, LinkKind

CANARY = "canary"  # the label by which response/machine.py knows the hidden link


@dataclass(frozen=True)
class Place:
    """Where a link leads. `url` of a booking is "booking", of "I have already booked" "booked": told at the click."""

    kind: LinkKind
    url: str
    label: str


def canary(known: Settings) -> Place:
    """The link that no person sees: only a machine that reads the HTML finds it."""
    return Place(LinkKind.CANARY, f"{known.base_url}/#", CANARY)


def ensure(
    session: Session,
    url: str,
    kind: LinkKind,
    label: str,
    now: datetime,
    step_id: int | None = None,
    post_id: int | None = None,
) -> int:
    """The id of the row for `url` in this step or post, made when there is none. A row there is stays as it was."""
    place = (Link.url == url, Link.step_id.is_not_distinct_from(step_id), Link.post_id.is_not_distinct_from(post_id))
    there = select(Link.id).where(*place)
    found = session.scalar(there)
    if found is not None:
        return found
    row = insert(Link).values(url=url, kind=kind, label=label, step_id=step_id, post_id=post_id, created_at=now)
    made = session.scalar(row.on_conflict_do_nothing().returning(Link.id))
    return made if made is not None else session.scalars(there).one()


def of_step(session: Session, step_id: int, places: tuple[Place, ...], now: datetime) -> list[int]:
    """The ids of a step's links, in the order of `places`, asked for once a session.

    Kept with the session and not with the process: what a transaction that is rolled back made must not be mailed.
    """
    kept: dict[tuple[int, tuple[Place, ...]], list[int]] = session.info.setdefault("links of steps", {})
    if (step_id, places) not in kept:
        kept[step_id, places] = [
            ensure(session, place.url, place.kind, place.label, now, step_id=step_id) for place in places
        ]
    return kept[step_id, places]


def url(link_id: int, message_id: int) -> str:
    """The address that counts the visit and leads on; `message_id` 0 on a page. Works for years (law 8)."""
    return f"{settings().base_url}/go/{tokens.sign(tokens.Purpose.GO, link_id, message_id)}"


def direct(place: Place, known: Settings) -> str:
    """Where `place` leads when nobody is to be counted: in a preview, a test, a notice."""
    if place.kind == LinkKind.BOOKING:
        return known.booking_url or f"{known.base_url}/book"
    if place.kind == LinkKind.BOOKED:
        return f"{known.base_url}/privacy"  # its own page needs a person; this one harms nobody
    return place.url
