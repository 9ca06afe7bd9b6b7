"""Confirming: a page with one button, since mail scanners follow links and must not confirm for anybody."""

from http import HTTPStatus

from flask import redirect, render_template, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response

from funnel.audience import confirmation, shown
from funnel.audience.confirmation import Confirmation, State
from funnel.db import Session, utc_now
from funnel.languages import ENGLISH
from funnel.programme import archive, handouts
from funnel.web import edge, spoken
from funnel.web.nudge import nudge
from funnel.web.pages import colours, discreet, page_words, posts
from tasks.mail import send_urgent

PAGES = {
    State.OPEN: "ask",
    State.DONE: "done",
    State.EXPIRED: "expired",
    State.MOVED: "moved",
    State.OVER: "over",
}
GIVE = (State.DONE, State.OVER)  # whose page offers the handout

blueprint = discreet.blueprint("confirm", __name__)


@blueprint.get("/confirm/<token>")
def show(token: str) -> str:
    with Session.begin() as session:
        return _page(session, confirmation.look(session, token, utc_now()))


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> Response:
    """The page it leads back to says what is so: drawn anew, a person's row is held no longer than it must be."""
    with Session.begin() as session:
        confirmation.confirm(session, token, edge.visit(), utc_now())
    nudge(send_urgent)
    return redirect(url_for(".show", token=token), HTTPStatus.SEE_OTHER)


def _page(session: OrmSession, found: Confirmation) -> str:
    spoken.speak(found.sign_up.language, found.sign_up.time_zone)
    colours.wear(found.form)
    sign_up, form = found.sign_up, found.form
    return render_template(
        f"pages/confirm/{PAGES[found.state]}.html",
        form=form,
        asked=shown.on_confirming(session, form, sign_up.created_at, sign_up.wording).words,
        is_in=found.is_in,
        is_paused=found.is_paused,
        is_english=sign_up.language == ENGLISH,
        post=posts.of_reader(session, form, sign_up.source) if found.state is State.DONE else None,
        words=page_words.filled(found.sign_up.language),
        archive=archive.is_offered(session),
        handout=handouts.offered(session, found.form) if found.state in GIVE else None,
        take=handouts.address(found.form.id, found.sign_up.subscriber_id or 0),
    )
