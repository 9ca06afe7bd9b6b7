"""My data: correct, download, delete. Behind a link of an hour, mailed to the address itself (law 8)."""

import json

from flask import Response, render_template, request
from flask_babel import gettext as _

from funnel.audience import chosen, moving, own_data, preferences
from funnel.db import Session, utc_now
from funnel.models.choices_made import Chose
from funnel.models.people import Subscriber
from funnel.tokens import BadToken
from funnel.web.nudge import nudge
from funnel.web.pages import discreet
from funnel.web.pages.fields import AddressForm, NameForm
from tasks.audience import settle_addresses

blueprint = discreet.blueprint("my_data", __name__)


@blueprint.get("/my-data/<token>")
def show(token: str) -> str:
    return _page(token)


@blueprint.post("/my-data/<token>/name")
def rename(token: str) -> str | tuple[str, int]:
    subscriber_id, fields = _whose(token), NameForm(request.form)
    if not fields.validate():
        return _page(token, fields), 422
    with Session.begin() as session:
        preferences.rename(session, session.get_one(Subscriber, subscriber_id), fields.first_name.data, utc_now())
        chosen.note(session, subscriber_id, Chose.NAME, utc_now())
    return _page(token, said=_("Your name is corrected."))


@blueprint.post("/my-data/<token>/address")
def move(token: str) -> str | tuple[str, int]:
    """Asks the new address; the page is the same whatever that is."""
    subscriber_id, fields = _whose(token), AddressForm(request.form)
    if not fields.validate():
        return _page(token, address=fields), 422
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


def _page(token: str, fields: NameForm | None = None, said: str = "", address: AddressForm | None = None) -> str:
    subscriber_id = _whose(token)
    with Session.begin() as session:
        subscriber = session.get(Subscriber, subscriber_id)
        if subscriber is None or subscriber.email is None:
            return render_template("pages/my_data/deleted.html")
        return render_template(
            "pages/my_data/show.html",
            subscriber=subscriber,
            token=token,
            fields=fields or NameForm(formdata=None, data={"first_name": subscriber.first_name}),
            address=address or AddressForm(formdata=None),
            said=said,
        )
