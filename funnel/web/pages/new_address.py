"""A new address confirmed: a page with one button, since mail scanners follow links and must move nobody."""

from http import HTTPStatus

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from funnel.audience import moving
from funnel.db import Session, utc_now
from funnel.web import edge
from funnel.web.nudge import nudge
from funnel.web.pages import discreet
from tasks.mail import send_urgent

blueprint = discreet.blueprint("new_address", __name__)


@blueprint.get("/new-address/<token>")
def show(token: str) -> str:
    with Session.begin() as session:
        found = moving.look(session, token, utc_now())
        discreet.speak_to(session, found.subscriber_id)
    return render_template("pages/new_address/show.html", state=found.state)


@blueprint.post("/new-address/<token>")
def confirm(token: str) -> Response:
    with Session.begin() as session:
        moving.move(session, token, edge.visit(), utc_now())
    nudge(send_urgent)
    return redirect(url_for(".show", token=token), HTTPStatus.SEE_OTHER)
