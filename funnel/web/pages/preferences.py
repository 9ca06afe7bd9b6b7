"""Fewer mails, a pause, or none: what the foot of a mail leads to.

Mails are forwarded, and this link never ends: the page says nothing of whose mail it was (law 8). It offers what can be
done without knowing what is set, answers the same whoever they are, and mails a link of an hour to the page that shows
all of it.
"""

from http import HTTPStatus

from flask import render_template, request
from sqlalchemy.orm import Session as OrmSession

from funnel import languages, tokens
from funnel.audience import ending, own_data, topics, wishes
from funnel.audience.wishes import NothingTickedError, Wish
from funnel.db import Session, utc_now
from funnel.models.people import Form, Subscriber
from funnel.programme import archive
from funnel.tokens import BadToken, Purpose
from funnel.web import edge, spoken
from funnel.web.nudge import nudge
from funnel.web.pages import discreet, wished
from tasks.mail import send_urgent

STOPPED_HERE = "the preferences page"
MY_DATA = "my-data"

blueprint = discreet.blueprint("preferences", __name__)


@blueprint.get("/preferences/<token>")
def show(token: str) -> str:
    with Session.begin() as session:
        _who(session, token)
        return _page(session)


@blueprint.post("/preferences/<token>")
def change(token: str) -> str | tuple[str, int]:
    name = request.form.get("wish", "")
    with Session.begin() as session:
        person, form, message_id = _who(session, token)
        if name == wished.STOP:
            ending.leave(session, person.id, STOPPED_HERE, edge.visit(), utc_now(), message_id=message_id)
            return render_template("pages/unsubscribe/left.html", form=form)
        if name != MY_DATA:
            return _carry_out(session, person, name)
        own_data.fresh_link(session, person, utc_now())
        page = _page(session, done=MY_DATA)
    nudge(send_urgent)
    return page


def _carry_out(session: OrmSession, person: Subscriber, name: str) -> str | tuple[str, int]:
    wish, asked = wished.wish(name)
    try:
        wishes.carry_out(session, person, wish, asked, utc_now())
    except NothingTickedError:
        return _page(session, wrong=wish), HTTPStatus.UNPROCESSABLE_ENTITY
    if wish is Wish.LANGUAGE:
        spoken.speak(asked.language)
    return _page(session, done=wish)


def _who(session: OrmSession, token: str) -> tuple[Subscriber, Form | None, int | None]:
    """Whose link it is, the form by which whoever has the mail may come back, and that mail."""
    person_id, message_id = tokens.read(Purpose.PREFERENCES, token)
    found = discreet.answer_mail(session, person_id, message_id or None)
    if found.person is None:
        raise BadToken
    return found.person, found.form, message_id or None


def _page(session: OrmSession, done: str = "", wrong: str = "") -> str:
    """Nothing of the person goes into it, so that nothing can stand in it; only its language is theirs."""
    return render_template(
        "pages/preferences/show.html",
        done=done,
        wrong=wrong,
        archive=archive.is_offered(session),
        topics=topics.to_leave_out(session),
        languages=languages.known(),
        spoken=spoken.language().code,
    )
