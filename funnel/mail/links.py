"""The links in a mail: where each leads, its row, and the address under which a person finds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.config import Settings, settings
from funnel.models.mail import Link, LinkKind
from funnel.tokens import Purpose

Owner: TypeAlias = Literal["step_id", "newsletter_id"]  # whose mail a link stands in

GO = "go"  # the page that counts a visit and leads on
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
    newsletter_id: int | None = None,
) -> int:
    """The id of the row for `url` in this step, post or newsletter, made when there is none. One that is there stays.

    Asked for in one transaction and mailed after it: what is rolled back must not be mailed.
    """
    place = {"step_id": step_id, "post_id": post_id, "newsletter_id": newsletter_id}
    of_place = [getattr(Link, name).is_not_distinct_from(number) for name, number in place.items()]
    there = select(Link.id).where(Link.url == url, *of_place)
    found = session.scalar(there)
    if found is not None:
        return found
    row = insert(Link).values(url=url, kind=kind, label=label, created_at=now, **place)
    made = session.scalar(row.on_conflict_do_nothing().returning(Link.id))
    return made if made is not None else session.scalars(there).one()


def of_mails(
    session: Session, owner: Owner, places: Mapping[int, tuple[Place, ...]], now: datetime
) -> dict[int, list[int]]:
    """The ids of the links in some steps or newsletters, in the order of each one's `places`; missing ones are made."""
    column = Link.step_id if owner == "step_id" else Link.newsletter_id
    rows = session.execute(select(column, Link.url, Link.id).where(column.in_(list(places))))
    there = {(number, url): link_id for number, url, link_id in rows}
    return {
        number: [
            there.get((number, place.url))
            or ensure(session, place.url, place.kind, place.label, now, **{owner: number})
            for place in said
        ]
        for number, said in places.items()
    }


def url(link_id: int, message_id: int) -> str:
    """The address that counts the visit and leads on; `message_id` 0 on a page. Works for years (law 8)."""
    return f"{settings().base_url}/{GO}/{tokens.sign(Purpose.GO, link_id, message_id)}"


def direct(place: Place, known: Settings) -> str:
    """Where `place` leads when nobody is to be counted: in a preview, a test, a notice."""
    if place.kind == LinkKind.BOOKING:
        return known.booking_url or f"{known.base_url}/book"
    if place.kind == LinkKind.BOOKED:
        return f"{known.base_url}/privacy"  # its own page needs a person; this one harms nobody
    if place.kind == LinkKind.HANDOUT:
        return f"{known.base_url}/"  # where the form stands that gives it
    return place.url
