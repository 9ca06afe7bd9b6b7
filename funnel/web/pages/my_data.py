"""My choices and my data: what is set, to be seen and changed; corrected, downloaded, deleted.

Behind a link of an hour, mailed to the address itself (law 8). A button leads to an address that says what was done:
back and reload ask nothing anew.
"""

import json
from http import HTTPStatus

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.audience import chosen, moving, own_data, preferences, wishes
from funnel.audience.wishes import NothingTickedError, Wish
from funnel.db import Session, utc_now
from funnel.models.choices_made import Chose
from funnel.tokens import BadToken
from funnel.web import spoken
from funnel.web.nudge import nudge
from funnel.web.pages import discreet, mine, slip, wished
from funnel.web.pages.fields import AddressForm, NameForm
from tasks.audience import settle_addresses
from tasks.mail import send_urgent

STOPPED_HERE = "the page of their choices and data"

blueprint = discreet.blueprint("my_data", __name__)


@blueprint.get("/my-data/<token>")
def show(token: str) -> str:
    with Session.begin() as session:
        return mine.drawn(session, token, mine.whose(session, token), done=mine.just_done())


@blueprint.post("/my-data/<token>")
def change(token: str) -> AnyResponse:
    """One of the wishes that stand on the page, or leaving."""
    with Session.begin() as session:
        person = mine.whose(session, token)
        wish, asked = wished.wish(STOPPED_HERE)
        try:
            wishes.carry_out(session, person, wish, asked, utc_now())
        except NothingTickedError:
            abort(HTTPStatus.BAD_REQUEST)
    if wish is Wish.MY_DATA:
        nudge(send_urgent)
    return _lead_back(token, wish)


@blueprint.post("/my-data/<token>/name")
def rename(token: str) -> AnyResponse | tuple[str, int]:
    fields = NameForm(request.form)
    with Session.begin() as session:
        person = mine.whose(session, token)
        if not fields.validate():
            return mine.drawn(session, token, person, fields), HTTPStatus.UNPROCESSABLE_ENTITY
        preferences.rename(session, person, fields.first_name.data, utc_now())
        chosen.note(session, person.id, Chose.NAME, utc_now())
    return _lead_back(token, mine.Done.NAME)


@blueprint.post("/my-data/<token>/address")
def move(token: str) -> AnyResponse | tuple[str, int]:
    """Asks the new address; the page is the same whatever that is."""
    fields = AddressForm(request.form)
    with Session.begin() as session:
        person = mine.whose(session, token)
        if not fields.validate() or slip.wants_to_change():
            return mine.drawn(session, token, person, address=fields), HTTPStatus.UNPROCESSABLE_ENTITY
        if meant := slip.to_ask(fields.email):
            page = render_template("pages/my_data/doubt.html", token=token, fields=fields, suggestion=meant)
            return page, HTTPStatus.UNPROCESSABLE_ENTITY
        moving.ask(session, person, fields.email.data, utc_now())
    nudge(settle_addresses)
    return _lead_back(token, mine.Done.ADDRESS)


@blueprint.get("/my-data/<token>/name", endpoint="name_again")
@blueprint.get("/my-data/<token>/address", endpoint="address_again")
def go_back(token: str) -> AnyResponse:
    """Where somebody stands whose name or address was not taken, and who asks for the page anew."""
    return redirect(url_for(".show", token=token), HTTPStatus.SEE_OTHER)


@blueprint.get("/my-data/<token>/download")
def download(token: str) -> Response:
    with Session.begin() as session:
        data = own_data.export(session, mine.whose(session, token).id)
    answer = Response(json.dumps(data, ensure_ascii=False, indent=2, default=str), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@blueprint.get("/my-data/<token>/delete")
def ask(token: str) -> str:
    with Session.begin() as session:
        mine.whose(session, token)
    return render_template("pages/my_data/delete.html", token=token)


@blueprint.post("/my-data/<token>/delete")
def delete(token: str) -> AnyResponse:
    with Session.begin() as session:
        own_data.erase(session, mine.whose(session, token).id, utc_now())
    return _say_deleted()


@blueprint.get("/my-data/deleted")
def deleted() -> str:
    """Behind no token, since there is nothing left that one could open; the language stands in the address."""
    if (code := request.args.get("language", "")) in languages.codes():
        spoken.speak(code)
    return render_template("pages/my_data/deleted.html")


@blueprint.errorhandler(BadToken)
def say_ended(_error: BadToken) -> tuple[str, int]:
    return render_template("pages/my_data/ended.html"), 404


@blueprint.errorhandler(mine.ErasedError)
def say_erased(_error: mine.ErasedError) -> AnyResponse:
    return _say_deleted()


def _say_deleted() -> AnyResponse:
    return redirect(url_for(".deleted", language=spoken.language().code), HTTPStatus.SEE_OTHER)


def _lead_back(token: str, done: Wish | mine.Done) -> AnyResponse:
    return redirect(url_for(".show", token=token, done=done), HTTPStatus.SEE_OTHER)
