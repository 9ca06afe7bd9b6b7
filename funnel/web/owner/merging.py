"""Two entries of one person made one: found, looked at beside each other, and merged once the word is typed."""

from http import HTTPStatus

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import tokens
from funnel.audience import merging
from funnel.db import Session, utc_now
from funnel.models.people import Subscriber
from funnel.web.owner import gate, person

WORD = "merge"
NOBODY = "Nobody in your list has this address."

blueprint = gate.pages("merging", __name__)


@blueprint.get(f"/people/<{gate.ID}:person_id>/merge")
def show(person_id: int, problem: str = "") -> str:
    """Asks for the duplicate's address; with `address` or `other`, shows both and asks whether."""
    with Session.begin() as session:
        kept, other = person.found(session, person_id), _other(session)
        address = request.values.get("address", "").strip()
        hindrance = merging.hindrance(kept, other) if other else NOBODY if address else ""
        return render_template(
            "owner/merging/show.html",
            kept=kept,
            other=None if hindrance else other,
            address=address,
            hindrance=hindrance,
            problem=problem,
            word=WORD,
        )


@blueprint.post(f"/people/<{gate.ID}:person_id>/merge")
def merge(person_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    if request.form.get("word", "").strip().lower() != WORD:
        return show(person_id, f"Please type the word {WORD}."), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with Session.begin() as session:
            person.found(session, person_id)
            other = _other(session)
            if other is None:
                raise ValueError(NOBODY)
            merging.merge(session, person_id, other.id, now)
            gate.note(session, "merged another entry into a person", now, subscriber=person_id, merged=other.id)
    except ValueError as error:
        return person.back(person_id, f"Nothing was merged: {error}", "warn")
    return person.back(person_id, "Merged. Everything of both stands here now.")


def _other(session: OrmSession) -> Subscriber | None:
    if number := request.values.get("other", 0, type=int):
        return session.get(Subscriber, number) if 0 < number < 1 << 63 else None
    address = request.values.get("address", "").strip()
    return (
        address and session.scalar(select(Subscriber).where(Subscriber.address_hash == tokens.address_hash(address)))
    ) or None
