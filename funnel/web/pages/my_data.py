"""My choices and my data: what is set, to be seen and changed; corrected, downloaded, deleted.

Behind a link of an hour, mailed to the address itself (law 8).
"""

import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import exists, select
from sqlalchemy.orm import Session as OrmSession

from funnel import languages
from funnel.audience import chosen, ending, moving, own_data, preferences, topics, wishes
from funnel.audience.wishes import NothingTickedError
from funnel.db import Session, utc_now
from funnel.models.choices_made import Chose
from funnel.models.content import Enrolment, EnrolmentState
from funnel.models.people import Form, Pace, Subscriber
from funnel.tokens import BadToken
from funnel.web import edge
from funnel.web.nudge import nudge
from funnel.web.pages import discreet, wished
from funnel.web.pages.fields import AddressForm, NameForm
from tasks.audience import settle_addresses

STOPPED_HERE = "the page of their choices and data"

blueprint = discreet.blueprint("my_data", __name__)


@blueprint.get("/my-data/<token>")
def show(token: str) -> str:
    return _page(token)


@blueprint.post("/my-data/<token>")
def change(token: str) -> str:
    """One of the wishes that stand on the page, or leaving."""
    person_id, name, now = _whose(token), request.form.get("wish", ""), utc_now()
    with Session.begin() as session:
        if name == wished.STOP:
            ending.leave(session, person_id, STOPPED_HERE, edge.visit(), now)
        else:
            _carry_out(session, person_id, name, now)
    return _page(token, done=name)


def _carry_out(session: OrmSession, person_id: int, name: str, now: datetime) -> None:
    wish, asked = wished.wish(name)
    try:
        wishes.carry_out(session, session.get_one(Subscriber, person_id), wish, asked, now)
    except NothingTickedError:
        abort(HTTPStatus.BAD_REQUEST)


@blueprint.post("/my-data/<token>/name")
def rename(token: str) -> str | tuple[str, int]:
    subscriber_id, fields = _whose(token), NameForm(request.form)
    if not fields.validate():
        return _page(token, fields), HTTPStatus.UNPROCESSABLE_ENTITY
    with Session.begin() as session:
        preferences.rename(session, session.get_one(Subscriber, subscriber_id), fields.first_name.data, utc_now())
        chosen.note(session, subscriber_id, Chose.NAME, utc_now())
    return _page(token, said=_("Your name is corrected."))


@blueprint.post("/my-data/<token>/address")
def move(token: str) -> str | tuple[str, int]:
    """Asks the new address; the page is the same whatever that is."""
    subscriber_id, fields = _whose(token), AddressForm(request.form)
    if not fields.validate():
        return _page(token, address=fields), HTTPStatus.UNPROCESSABLE_ENTITY
    with Session.begin() as session:
        moving.ask(session, session.get_one(Subscriber, subscriber_id), fields.email.data, utc_now())
    nudge(settle_addresses)
    return _page(
        token,
        said=_(
            "If nothing stands against it, a mail with a link for one hour is on its way to the new address. "
            "Nothing changes before its button is pressed."
        ),
    )


@blueprint.get("/my-data/<token>/download")
def download(token: str) -> Response:
    subscriber_id = _whose(token)
    with Session.begin() as session:
        data = own_data.export(session, subscriber_id)
    answer = Response(json.dumps(data, ensure_ascii=False, indent=2, default=str), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@blueprint.get("/my-data/<token>/delete")
def ask(token: str) -> str:
    _whose(token)
    return render_template("pages/my_data/delete.html", token=token)


@blueprint.post("/my-data/<token>/delete")
def delete(token: str) -> str:
    subscriber_id = _whose(token)
    with Session.begin() as session:
        own_data.erase(session, subscriber_id, utc_now())
    return render_template("pages/my_data/deleted.html")


@blueprint.errorhandler(BadToken)
def say_ended(_error: BadToken) -> tuple[str, int]:
    return render_template("pages/my_data/ended.html"), 404


def _whose(token: str) -> int:
    """Whose data it is, spoken to in their language from here on. Raises BadToken."""
    with Session.begin() as session:
        subscriber_id = own_data.read_fresh(session, token, utc_now())
        discreet.speak_to(session, subscriber_id)
    return subscriber_id


def _page(
    token: str, fields: NameForm | None = None, said: str = "", address: AddressForm | None = None, done: str = ""
) -> str:
    subscriber_id = _whose(token)
    with Session.begin() as session:
        subscriber = session.get(Subscriber, subscriber_id)
        if subscriber is None or subscriber.email is None:
            return render_template("pages/my_data/deleted.html")
        return render_template(
            "pages/my_data/show.html",
            subscriber=subscriber,
            token=token,
            changes=url_for(".change", token=token),
            fields=fields or NameForm(formdata=None, data={"first_name": subscriber.first_name}),
            address=address or AddressForm(formdata=None),
            said=said,
            done=done,
            **_chosen(session, subscriber, utc_now()),
        )


def _chosen(session: OrmSession, subscriber: Subscriber, now: datetime) -> dict[str, Any]:
    """What they have chosen, as it stands."""
    paused_until = subscriber.paused_until
    active = exists().where(Enrolment.subscriber_id == subscriber.id, Enrolment.state == EnrolmentState.ACTIVE)
    return {
        "monthly": subscriber.pace == Pace.MONTHLY,
        "course": bool(session.scalar(select(active))),
        "paused_until": paused_until if paused_until and paused_until > now else None,
        "form": session.get(Form, subscriber.form_id) if subscriber.form_id else None,
        "topics": topics.offered(session, subscriber.id),
        "languages": languages.known(),
        "spoken": subscriber.language,
    }
