"""Translations of a mail or an issue: begun, looked at, put to use and left out again. Their words are the editor's."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.db import Session, utc_now
from funnel.mail import render
from funnel.mail.encoding import Unsendable
from funnel.models.translations import Translation
from funnel.programme import revisions, translations
from funnel.programme.merge import BadTags
from funnel.web.owner import frame, gate, texts, typed
from funnel.web.owner.issue_manner import NEWSLETTERS
from funnel.web.owner.mail_manner import MAILS
from funnel.web.owner.manner import Manner
from funnel.web.owner.translation_manner import TRANSLATIONS, language

ONE = f"/translations/<{gate.ID}:text_id>"

blueprint = gate.pages("translations", __name__)


@blueprint.post(f"/mails/<{gate.ID}:step_id>/languages/<code>")
def begin_mail(step_id: int, code: str) -> AnyResponse:
    return _begin(MAILS, step_id, code)


@blueprint.post(f"/newsletters/<{gate.ID}:issue_id>/languages/<code>")
def begin_newsletter(issue_id: int, code: str) -> AnyResponse:
    return _begin(NEWSLETTERS, issue_id, code)


@blueprint.get(ONE)
def show(text_id: int) -> Response:
    now = utc_now()
    with Session.begin() as session:
        row = TRANSLATIONS.found(session, text_id)
        of = translations.original(session, row)
        manner = MAILS if row.step_id else NEWSLETTERS
        preview, problem = _seen(session, row) if row.body else (None, "")
        return texts.standing(
            "translations/show",
            session,
            TRANSLATIONS,
            row,
            language=language(row),
            original=of,
            original_page=manner.page(of.id),
            original_noun=manner.noun,
            latest=revisions.latest(session, manner.kind, of.id),
            preview=preview,
            problem=problem,
            ready=typed.ready(session, TRANSLATIONS.look, translations.typed(row), text_id, None, now),
        )


@blueprint.get(f"{ONE}/html")
def body(text_id: int) -> Response:
    """The mail by itself, for the frames of its page. `?scheme=` is light or dark."""
    scheme = frame.wanted()
    with Session.begin() as session:
        preview, problem = _seen(session, TRANSLATIONS.found(session, text_id))
    if preview is None:
        return frame.alone(render_template("owner/preview/fault.html", error=problem, what="mail", scheme=scheme))
    return frame.alone(frame.framed(preview.html, scheme))


@blueprint.post(f"{ONE}/use")
def use(text_id: int) -> AnyResponse:
    done = "In use: readers of its language get it from now on."
    return _put(translations.use, text_id, "put a translation to use", done)


@blueprint.post(f"{ONE}/leave-out")
def leave_out(text_id: int) -> AnyResponse:
    done = "Left out: they get the original from now on. The words stay here."
    return _put(translations.keep_out, text_id, "left a translation out", done)


@blueprint.post(f"{ONE}/fits")
def fits(text_id: int) -> AnyResponse:
    """It still says what the original says."""
    with Session.begin() as session:
        row = TRANSLATIONS.locked(session, text_id)
        translations.fits(session, row)
        gate.note(session, "said that a translation still fits", utc_now(), translation=text_id)
    flash("Noted: it says what the original says now.")
    return redirect(TRANSLATIONS.page(text_id), HTTPStatus.SEE_OTHER)


def _begin(manner: Manner, number: int, code: str) -> AnyResponse:
    if code == languages.ENGLISH or code not in languages.codes():
        abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        made = translations.begin(session, manner.locked(session, number), code, utc_now())
    return redirect(url_for("editor.show", noun=TRANSLATIONS.noun, text_id=made), HTTPStatus.SEE_OTHER)


def _put(verb: Callable[[OrmSession, Translation, datetime], bool], text_id: int, noted: str, done: str) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        changed = verb(session, TRANSLATIONS.locked(session, text_id), now)
        if changed:
            gate.note(session, noted, now, translation=text_id)
    flash(done if changed else "Nothing had changed.")
    return redirect(TRANSLATIONS.page(text_id), HTTPStatus.SEE_OTHER)


def _seen(session: OrmSession, row: Translation) -> tuple[render.Preview | None, str]:
    """As somebody without a name gets it, or why it cannot be written."""
    try:
        return render.preview_translation(session, row, utc_now()), ""
    except (Unsendable, BadTags) as error:
        return None, str(error)
