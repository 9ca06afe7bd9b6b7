"""A newsletter sent once more, with another subject, to those who got it and did not click."""

from collections.abc import Mapping
from http import HTTPStatus

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.audience import addressees, orders
from funnel.db import Session, utc_now
from funnel.models.content import NewsletterState, Part
from funnel.programme import translations
from funnel.programme.outgoing import NotNow
from funnel.web.owner import gate, texts
from funnel.web.owner.issue_manner import NEWSLETTERS

LONGEST = 500
NOBODY = "Everybody who got it and may be written to has clicked: there is nobody to send it to again."

blueprint = gate.pages("resends", __name__)


@blueprint.get(f"/newsletters/<{gate.ID}:text_id>/again")
def ask(text_id: int) -> AnyResponse:
    return _page(text_id)


@blueprint.post(f"/newsletters/<{gate.ID}:text_id>/again")
def begin(text_id: int) -> AnyResponse:
    """A draft for them, which is sent as any other; refused the second time."""
    now, subject = utc_now(), _typed("subject")
    subjects = {code: _typed(f"subject-{code}") for code in languages.codes()}
    try:
        with Session.begin() as session:
            NEWSLETTERS.found(session, text_id)
            again = orders.resend(session, text_id, subject, now, subjects).id
            gate.note(session, "began to send a newsletter again", now, newsletter=again, of=text_id)
    except NotNow as why:
        return _page(text_id, subject, why, subjects)
    flash("A draft for those who did not click. Look it over, then send it.")
    return redirect(url_for("newsletters.show", text_id=again), HTTPStatus.SEE_OTHER)


def _typed(field: str) -> str:
    return request.form.get(field, "")[:LONGEST].replace("\0", "")


def _page(
    text_id: int, subject: str = "", problem: NotNow | None = None, subjects: Mapping[str, str] | None = None
) -> AnyResponse:
    now, typed = utc_now(), subjects or {}
    with Session.begin() as session:
        issue = NEWSLETTERS.found(session, text_id)
        done = orders.resent(session, text_id)
        hindered = (
            orders.NOT_OF_ONE
            if issue.part is Part.RESEND
            else orders.NOT_SENT
            if issue.state is not NewsletterState.SENT
            else orders.once(done)
            if done
            else ""
        )
        people = 0 if hindered else addressees.count_unmoved(session, issue, now)
        hindered = hindered or ("" if people else NOBODY)
        page = texts.page(
            "resends/ask",
            NEWSLETTERS,
            issue,
            people=people,
            subject=subject or issue.subject,
            problem=str(problem or ""),
            wrong=getattr(problem, "language", languages.ENGLISH),
            said=[
                (languages.named(code), row, typed.get(code, row.subject))
                for code, row in translations.in_use(session, text_id).items()
            ],
            hindered=hindered,
            done=done,
        )
    page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return page
