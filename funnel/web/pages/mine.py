"""The page of somebody's choices and data, as it is drawn: what is set, and what has just been done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.audience import own_data, topics
from funnel.audience.wishes import Wish
from funnel.db import utc_now
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import Form, Pace, Subscriber, SubscriberState
from funnel.web.pages import discreet, wished
from funnel.web.pages.fields import AddressForm, NameForm


class Done(StrEnum):
    """What a button of the page has done, when it was none of the wishes."""

    NAME = "name"
    ADDRESS = "address"


class ErasedError(Exception):
    """The link is good, and nobody stands behind it any more."""


def whose(session: Session, token: str) -> Subscriber:
    """Whose data it is, spoken to in their language from here on. Raises BadToken and ErasedError."""
    subscriber_id = own_data.read_fresh(session, token, utc_now())
    discreet.speak_to(session, subscriber_id)
    person = session.get(Subscriber, subscriber_id)
    if person is None or person.email is None:
        raise ErasedError
    return person


def drawn(
    session: Session,
    token: str,
    person: Subscriber,
    fields: NameForm | None = None,
    address: AddressForm | None = None,
    done: Wish | Done | None = None,
) -> str:
    found = _chosen(session, person, utc_now())
    return render_template(
        "pages/my_data/show.html",
        subscriber=person,
        token=token,
        changes=url_for(".change", token=token),
        fields=fields or NameForm(formdata=None, data={"first_name": person.first_name}),
        address=address or AddressForm(formdata=None),
        done=done if done and _holds(done, person, found) else "",
        **found,
    )


def _chosen(session: Session, subscriber: Subscriber, now: datetime) -> dict[str, Any]:
    """What they have chosen, as it stands."""
    paused_until = subscriber.paused_until
    monthly = subscriber.pace == Pace.MONTHLY
    active = exists().where(Enrolment.subscriber_id == subscriber.id, Enrolment.state == EnrolmentState.ACTIVE)
    comes = active.where(Enrolment.is_wish) if monthly else active  # no other sends tips to who is monthly
    return {
        "monthly": monthly,
        "course": bool(session.scalar(select(comes))),
        "paused_until": paused_until if paused_until and paused_until > now else None,
        "form": session.get(Form, subscriber.form_id) if subscriber.form_id else None,
        "topics": topics.offered(session, subscriber.id),
        "languages": languages.known(),
        "spoken": subscriber.language,
    }


def _holds(done: Wish | Done, person: Subscriber, found: dict[str, Any]) -> bool:
    """Whether it stands as it was done: whoever goes back to an older page must not be told what is no longer so."""
    is_active = person.state is SubscriberState.ACTIVE
    paused, monthly, course = found["paused_until"] is not None, found["monthly"], found["course"]
    if not is_active or done is Wish.STOP:
        return done is not Wish.STOP or not is_active
    stands: dict[Wish | Done, bool] = {
        Wish.PAUSE: paused,
        Wish.RESUME: not paused,
        Wish.MONTHLY: monthly and not course,
        Wish.ALL: not monthly,
        Wish.AGAIN: not paused and not monthly,
        Wish.NO_COURSE: not course,
    }
    return stands.get(done, True)


def just_done() -> Wish | Done | None:
    """What led here; None of anything that no button of the page does."""
    said = request.args.get("done", "")
    return wished.done() or (Done(said) if said in set(Done) else None)
