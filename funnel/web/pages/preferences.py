"""Fewer mails, a pause, or none: what the foot of a mail leads to.

Mails are forwarded, and this link never ends: the page says nothing of whose mail it was (law 8). It offers what can be
done without knowing what is set, answers the same whoever they are, and mails a link of an hour to the page that shows
all of it. A button leads to an address that says for an hour what was done: back and reload ask nothing anew.
"""

from http import HTTPStatus

from flask import redirect, render_template, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response

from funnel import languages, tokens
from funnel.audience import topics, wishes
from funnel.audience.wishes import NothingTickedError, Wish
from funnel.db import Session, utc_now
from funnel.models.people import Form, Subscriber
from funnel.programme import archive
from funnel.tokens import BadToken, Purpose
from funnel.web import spoken
from funnel.web.nudge import nudge
from funnel.web.pages import discreet, wished
from tasks.mail import send_urgent

STOPPED_HERE = "the preferences page"

blueprint = discreet.blueprint("preferences", __name__)


@blueprint.get("/preferences/<token>")
def show(token: str) -> str:
    done = wished.told(utc_now())
    with Session.begin() as session:
        _, form, _ = _who(session, token)
        if done is Wish.STOP:
            return render_template("pages/unsubscribe/left.html", form=form)
        return _page(session, done=done)


@blueprint.post("/preferences/<token>")
def change(token: str) -> Response | tuple[str, int]:
    with Session.begin() as session:
        person, _, message_id = _who(session, token)
        wish, asked = wished.wish(STOPPED_HERE, message_id)
        try:
            wishes.carry_out(session, person, wish, asked, utc_now())
        except NothingTickedError:
            return _page(session, wrong=True), HTTPStatus.UNPROCESSABLE_ENTITY
    if wish is Wish.MY_DATA:
        nudge(send_urgent)
    told = url_for(".show", token=token, done=wish, until=wished.until(wish, utc_now()))
    return redirect(told, HTTPStatus.SEE_OTHER)


def _who(session: OrmSession, token: str) -> tuple[Subscriber, Form | None, int | None]:
    """Whose link it is, the form by which whoever has the mail may come back, and that mail."""
    person_id, message_id = tokens.read(Purpose.PREFERENCES, token)
    found = discreet.answer_mail(session, person_id, message_id or None)
    if found.person is None:
        raise BadToken
    return found.person, found.form, message_id or None


def _page(session: OrmSession, done: Wish | None = None, *, wrong: bool = False) -> str:
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
