"""The hosted form: one handler for it, for the posts of ours, and for a plain form pasted into any page."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Response, redirect, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import door, resending, signup
from funnel.audience.signup import Doorway
from funnel.db import Session, utc_now
from funnel.models.door import Stop
from funnel.models.people import Form, FormState
from funnel.programme import thanks
from funnel.tokens import Purpose
from funnel.web import edge, spoken
from funnel.web.nudge import call
from funnel.web.pages import card, discreet, place, posts, slip, step, trap
from funnel.web.pages.card import Card
from funnel.web.pages.fields import SignUpForm, typed
from funnel.web.pages.named import form_named
from funnel.web.pages.trap import Verdict
from tasks.sign_ups import settle_new

AGAIN = {"again": "1"}
OFFERED = 3  # other forms, and posts, on the page of one that is closed

blueprint = place.blueprint("forms", __name__)
log = logging.getLogger(__name__)


@blueprint.get("/f/<slug>/embed", endpoint="framed_show", strict_slashes=False)
@blueprint.get("/f/<slug>", strict_slashes=False)
def show(slug: str) -> str | tuple[str, int]:
    now, source = utc_now(), card.source()
    with Session.begin() as session:
        form = form_named(session, slug)
        if form.state is FormState.RETIRED:
            return _closed(session, form)
        card.count_view(session, form, source, now)
        return render_template("pages/forms/show.html", card=card.empty(form, source, now))


@blueprint.post("/f/<slug>/embed", endpoint="framed_sign_up", strict_slashes=False)
@blueprint.post("/f/<slug>", strict_slashes=False)
def sign_up(slug: str) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    with Session.begin() as session:
        form = form_named(session, slug)
        if form.state is FormState.RETIRED:
            return _closed(session, form)
        fields = SignUpForm(request.form)
        verdict = trap.verdict(Purpose.FORM, form.id, now=now)
        if verdict is Verdict.ROBOT:
            return _fooled(session, form, _thanks(Doorway.of(form), resending.NOBODY, now), now)
        shown = card.filled(form, fields, now)
        if page := _wrong(shown) or _doubt(shown) or _one_more_tap(shown, verdict):
            return page, 422
        passed = step.passage(session, form, fields, now)
        if passed.stop:
            page = _one_step_more(shown, now)
            door.count(session, form.id, passed.stop, now)  # last: a row of all who are stopped waits for its commit
            return page, 422
        who = edge.visit()
        row = signup.sign_up(session, form, typed(fields), shown.source, shown.utm, who, now, passed.looks)
        answer = _thanks(Doorway.of(form), row.id, now)
    call(settle_new)
    return answer


@blueprint.get("/f/<slug>/embed/sent", endpoint="framed_sent")
@blueprint.get("/f/<slug>/sent")
def sent(slug: str) -> Response:
    token = request.args.get("t", "")
    with Session.begin() as session:
        form = form_named(session, slug)
        page = render_template(
            "pages/forms/sent.html",
            form=form,
            post=None if place.framed() else posts.of_reader(session, form, card.source()),
            onward=form.thanks_url if thanks.is_trusted(form.thanks_url) else "",
            token=token if resending.is_good(token, form.id, utc_now()) else "",
            again="again" in request.args,
            where_from=card.where_from(),
        )
    return discreet.keep_quiet(Response(page, mimetype="text/html"))


@blueprint.post("/f/<slug>/embed/resend", endpoint="framed_resend")
@blueprint.post("/f/<slug>/resend")
def resend(slug: str) -> AnyResponse | tuple[str, int]:
    now, token = utc_now(), request.form.get("token", "")
    with Session.begin() as session:
        form = form_named(session, slug)
        if form.state is FormState.RETIRED:
            return _closed(session, form)
        if not resending.is_good(token, form.id, now):
            return redirect(place.address("show", slug=slug), 303)
        answer = _sent(slug, token, AGAIN)
        if request.form.get(trap.HONEYPOT):
            return _fooled(session, form, answer, now)
        again = resending.again(session, token, edge.visit(), now)
    if again:
        call(settle_new)
    return answer


@blueprint.get("/f/<slug>/embed/resend", endpoint="framed_resent")
@blueprint.get("/f/<slug>/resend", endpoint="resent")
def go_back(slug: str) -> AnyResponse:
    """Where somebody stands whose form was closed meanwhile, and who asks for the page anew."""
    return redirect(place.address("show", slug=slug), 303)


@blueprint.get("/f/<slug>/embed/privacy", endpoint="framed_privacy")
def privacy(slug: str) -> str:
    """What is kept, to be read without leaving the frame."""
    with Session.begin() as session:
        form_named(session, slug)
    return render_template("pages/privacy/show.html", slug=slug, where_from=card.where_from())


def _closed(session: OrmSession, form: Form) -> tuple[str, int]:
    """Says that nobody can sign up by this form any more, that nothing was kept, and where to go.

    Forms in the language of this one come first, then those in the practice's.
    """
    others = select(Form).where(Form.state == FormState.OPEN, Form.id != form.id)
    spoken_here = [Form.language == code for code in (form.language, spoken.practice())]
    others = others.order_by(*(same.desc() for same in spoken_here), Form.id.desc())
    return render_template(
        "pages/forms/closed.html",
        form=form,
        others=session.scalars(others.limit(OFFERED)).all(),
        posts=posts.published(session, OFFERED),
        where_from=card.where_from(),
    ), HTTPStatus.GONE


def _wrong(shown: Card) -> str:
    """The form again with what is wrong in it; empty when nothing is."""
    return "" if shown.fields.validate() else render_template("pages/forms/show.html", card=shown)


def _doubt(shown: Card) -> str:
    """The question whether a slip of the fingers was meant; empty once it is answered, or when there is none."""
    if slip.wants_to_change():
        return render_template("pages/forms/show.html", card=shown)
    meant = slip.to_ask(shown.fields.email)
    return render_template("pages/forms/doubt.html", card=shown, suggestion=meant) if meant else ""


def _one_more_tap(shown: Card, verdict: Verdict) -> str:
    if verdict is Verdict.PERSON:
        return ""
    return render_template("pages/forms/show.html", card=shown, notice=spoken.said(trap.ONE_MORE_TAP[verdict]))


def _one_step_more(shown: Card, now: datetime) -> str:
    asked = replace(shown, step=step.asked(shown.form, shown.fields, now))
    return render_template("pages/forms/show.html", card=asked, notice=spoken.said(step.WORDS))


def _fooled(session: OrmSession, form: Form, answer: AnyResponse, now: datetime) -> AnyResponse:
    """What a robot gets: the answer of anybody, and a place in a count."""
    log.info("a robot filled in the form %s: nothing is stored", form.slug)
    door.count(session, form.id, Stop.ROBOT, now)
    return answer


def _thanks(form: Doorway, sign_up_id: int, now: datetime) -> AnyResponse:
    """Leads to the page of the owner's site, or to ours; in a frame always to ours, which has the way on."""
    if thanks.is_trusted(form.thanks_url) and not place.framed():
        return redirect(form.thanks_url, HTTPStatus.SEE_OTHER)
    return _sent(form.slug, resending.ticket(form.id, sign_up_id, now))


def _sent(slug: str, token: str, more: Mapping[str, Any] | None = None) -> AnyResponse:
    return redirect(place.address("sent", slug=slug, t=token, **(more or {}), **card.where_from()), 303)
