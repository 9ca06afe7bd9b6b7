"""Confirming: a page with one button, since mail scanners follow links and must not confirm for anybody."""

from flask import render_template
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import confirmation, shown
from funnel.audience.confirmation import Confirmation
from funnel.db import Session, utc_now
from funnel.languages import ENGLISH
from funnel.programme import archive, handouts
from funnel.web import edge, spoken
from funnel.web.nudge import nudge
from funnel.web.pages import colours, discreet, page_words, posts
from tasks.mail import send_urgent

PAGES = {"open": "ask", "done": "done", "expired": "expired"}

blueprint = discreet.blueprint("confirm", __name__)


@blueprint.get("/confirm/<token>")
def show(token: str) -> str:
    with Session.begin() as session:
        return _page(session, confirmation.look(session, token, utc_now()))


@blueprint.post("/confirm/<token>")
def confirm(token: str) -> str:
    with Session.begin() as session:
        confirmation.confirm(session, token, edge.visit(), utc_now())
    nudge(send_urgent)
    return show(token)  # drawn after the commit: a person's row is held no longer than it must be


def _page(session: OrmSession, found: Confirmation) -> str:
    spoken.speak(found.sign_up.language, found.sign_up.time_zone)
    colours.wear(found.form)
    sign_up, form = found.sign_up, found.form
    return render_template(
        f"pages/confirm/{PAGES[found.state]}.html",
        form=form,
        asked=shown.on_confirming(session, form, sign_up.created_at, sign_up.wording).words,
        is_english=sign_up.language == ENGLISH,
        post=posts.of_reader(session, found.form, found.sign_up.source) if found.state == "done" else None,
        words=page_words.filled(found.sign_up.language),
        archive=archive.is_offered(session),
        handout=handouts.offered(session, found.form) if found.state == "done" else None,
        take=handouts.address(found.form.id, found.sign_up.subscriber_id or 0),
    )
