"""Pages behind a token: kept by no cache, found by no search engine, and their address told to no other site."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session as OrmSession

from funnel.audience import pointer
from funnel.languages import Said
from funnel.models.people import Form, Subscriber, SubscriberState
from funnel.programme import forms
from funnel.tokens import BadToken
from funnel.web import spoken
from funnel.web.pages import colours

NOT_WHOLE = Said("This link is not whole")
GO_BACK = Said(
    "Mail programs sometimes cut a long address in two. Please go back to the mail and tap the link there, or copy all "
    "of it."
)


@dataclass(frozen=True)
class Answered:
    """Whom a mail went to, as far as they are still known, and the form by which whoever has it may come back."""

    person: Subscriber | None
    form: Form | None


def blueprint(name: str, module: str) -> Blueprint:
    """A blueprint whose pages are opened by a token in their address, and which says so kindly when it is a bad one."""
    made = Blueprint(name, module)
    made.after_request(keep_quiet)
    made.register_error_handler(BadToken, _say_bad_token)
    return made


def keep_quiet(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def speak_to(session: OrmSession, subscriber_id: int) -> Subscriber | None:
    """Whoever a fresh link is about, from here on spoken to in their language, with the days of their zone.

    The page is in the colour of the form they came by, unless they are erased.
    """
    person = _spoken_to(session, subscriber_id)
    if person and person.form_id and person.state is not SubscriberState.ERASED:
        colours.wear(session.get(Form, person.form_id))
    return person


def answer_mail(session: OrmSession, subscriber_id: int, message_id: int | None) -> Answered:
    """The same behind a link in a mail, which may have been forwarded: all but the language comes from the mail.

    The page is in the colour of the form that it leads back to.
    """
    person = _spoken_to(session, subscriber_id)
    form = forms.to_come_back(session, message_id, spoken.language().code)
    colours.wear(form if person else None)
    return Answered(person, form)


def _spoken_to(session: OrmSession, subscriber_id: int) -> Subscriber | None:
    person = session.get(Subscriber, pointer.kept(session, subscriber_id))
    if person:
        spoken.speak(person.language, person.time_zone)
    return person


def _say_bad_token(_error: BadToken) -> tuple[str, int]:
    return render_template(
        "pages/error.html",
        title=spoken.said(NOT_WHOLE),
        words=spoken.said(GO_BACK),
    ), 404
