"""What ends something for one person: unsubscribed, never mailed, deleted. Asked before, and the last is typed."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import abort, render_template, request
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import ending, own_data, suppression
from funnel.audience.visit import Visit
from funnel.db import Session, utc_now
from funnel.models.people import Subscriber, SuppressionReason
from funnel.web.owner import gate, person

BY_OWNER = "by the owner"


@dataclass(frozen=True)
class Way:
    question: str
    means: tuple[str, ...]
    button: str
    done: str
    noted: str
    typed: str = ""  # the word to be typed first


WAYS = {
    "unsubscribe": Way(
        "Unsubscribe {}?",
        (
            "They get no mail any more, and their course ends.",
            "It cannot be undone from here: only they can come back, by signing up again.",
        ),
        "Yes, unsubscribe them",
        "Unsubscribed. No more mail comes.",
        "unsubscribed a person",
    ),
    "suppress": Way(
        "Never mail the address of {} again?",
        (
            "They are unsubscribed, and the address stays on the list of those not to be mailed, even after all about "
            "them is deleted: an import or a new sign-up brings no mail to it.",
            "You can lift that later. Their subscription does not come back with it.",
        ),
        "Yes, never mail it",
        "This address is not mailed any more.",
        "suppressed a person's address",
    ),
    "lift": Way(
        "Let the address of {} be mailed again?",
        (
            "The address comes off the list of those not to be mailed. No mail follows from that: whoever had left "
            "signs up again, if they wish.",
        ),
        "Yes, lift it",
        "Lifted. The address may be mailed again.",
        "lifted the suppression of a person's address",
    ),
    "erase": Way(
        "Delete everything about {}?",
        (
            "Name, address, bookings’ texts, networks and tags are deleted for good, and cannot be brought back. "
            "That somebody was there stays, so that the funnel’s counts stay true.",
            "A hash of the address is kept, so that no import mails it by mistake. They can come back by signing up.",
        ),
        "Delete everything",
        "Everything about them is deleted.",
        "deleted everything about a person",
        typed="delete",
    ),
}

blueprint = gate.pages("endings", __name__)


@blueprint.get(f"/people/<{gate.ID}:person_id>/end/<how>")
def ask(person_id: int, how: str, problem: str = "") -> str:
    way = WAYS.get(how) or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        one = person.found(session, person_id)
        return render_template("owner/endings/ask.html", person=one, how=how, way=way, problem=problem)


@blueprint.post(f"/people/<{gate.ID}:person_id>/end/<how>")
def end(person_id: int, how: str) -> AnyResponse | tuple[str, int]:
    now, way = utc_now(), WAYS.get(how) or abort(HTTPStatus.NOT_FOUND)
    if way.typed and request.form.get("word", "").strip().lower() != way.typed:
        return ask(person_id, how, f"Please type the word {way.typed}."), HTTPStatus.UNPROCESSABLE_ENTITY
    with Session.begin() as session:
        changed = _DO[how](session, person.found(session, person_id), now)
        if changed:
            gate.note(session, way.noted, now, subscriber=person_id)
    if not changed:
        return person.back(person_id, "Nothing was left to do: it was so already.", "warn")
    return person.back(person_id, way.done)


def _unsubscribe(session: OrmSession, one: Subscriber, now: datetime) -> bool:
    return ending.leave(session, one.id, BY_OWNER, Visit("", ""), now)


def _suppress(session: OrmSession, one: Subscriber, now: datetime) -> bool:
    address_hash = ending.hold(session, one.id)
    if address_hash is None or suppression.reason(session, address_hash) in suppression.AS_STRONG_AS_THE_OWNERS:
        return False
    suppression.suppress(session, address_hash, SuppressionReason.OWNER, now)
    ending.leave(session, one.id, BY_OWNER, Visit("", ""), now)
    return True


def _lift(session: OrmSession, one: Subscriber, now: datetime) -> bool:
    """Only what the owner decided: a bounce or complaint is not theirs to lift."""
    address_hash = ending.hold(session, one.id)
    if address_hash is None or suppression.reason(session, address_hash) is not SuppressionReason.OWNER:
        return False
    suppression.lift(session, address_hash, now, only=SuppressionReason.OWNER)
    return True


def _erase(session: OrmSession, one: Subscriber, now: datetime) -> bool:
    own_data.erase(session, one.id, now, BY_OWNER)
    return True


_DO = {"unsubscribe": _unsubscribe, "suppress": _suppress, "lift": _lift, "erase": _erase}
