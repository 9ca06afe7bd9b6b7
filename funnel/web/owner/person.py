"""Whom a page under /owner/people/<id> is about."""

from datetime import date, datetime, time, timedelta
from http import HTTPStatus

from flask import abort, flash, redirect, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.config import settings
from funnel.db import utc_now
from funnel.models.people import Subscriber, SubscriberState

LONGEST_PAUSE = timedelta(days=366)


def found(session: OrmSession, person_id: int) -> Subscriber:
    """The person; a page not found for nobody of ours, and for somebody of whom nothing is left."""
    person = session.get(Subscriber, person_id)
    if person is None or person.state is SubscriberState.ERASED:
        abort(HTTPStatus.NOT_FOUND)
    return person


def back(person_id: int, words: str, kind: str = "message") -> AnyResponse:
    """Leads to the person's page, which says `words`."""
    flash(words, kind)
    return redirect(url_for("people.show", person_id=person_id), HTTPStatus.SEE_OTHER)


def pause_end(text: str) -> datetime:
    """The midnight that begins the day `text`, by the practice's clock. Raises ValueError, saying how to mend it."""
    try:
        day = date.fromisoformat(text)
        until = datetime.combine(day, time(), settings().zone)
    except ValueError:
        raise ValueError("Please choose the day on which mails may come again.") from None
    if not utc_now() < until < utc_now() + LONGEST_PAUSE:
        raise ValueError("Please choose a day to come, within a year.")
    return until
