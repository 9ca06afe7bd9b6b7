"""What a form gives to whoever confirms: ours, a PDF of the owner's own, or nothing; changed, seen, and taken back.

What it was and is stands in the audit: what is given, which file, and its title.
"""

from http import HTTPStatus

from flask import Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from funnel import languages
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.models.handouts import Gives, OwnFile
from funnel.models.house import AuditEntry
from funnel.models.people import Form
from funnel.programme import handout, handouts, mentions
from funnel.programme.pdf_file import LARGEST, TOO_LARGE, PdfError
from funnel.web.owner import gate, words
from funnel.web.owner.form_manner import FORMS
from funnel.web.pages.handout import answer

CHANGED = "changed what a form gives"
ROUND_IT = 64 * 1024  # bytes of a request beside the file
NO_FILE = "Please choose the PDF first."
LONG_TITLE = "This title is longer than {} signs. Please shorten it; a file you chose has to be chosen again."

blueprint = gate.pages("handouts", __name__)


@blueprint.url_value_preprocessor
def _take_files(endpoint: str | None, _values: object) -> None:
    """Before the token is looked for, which reads what was sent."""
    if endpoint == "handouts.change":
        request.max_content_length = LARGEST + ROUND_IT


@blueprint.errorhandler(RequestEntityTooLarge)
def _say_too_large(_error: RequestEntityTooLarge) -> tuple[str, int]:
    return show(int((request.view_args or {})["text_id"]), TOO_LARGE), HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@blueprint.get(f"/forms/<{gate.ID}:text_id>/handout")
def show(text_id: int, problem: str = "", chosen: Gives | None = None, title: str | None = None) -> str:
    with Session.begin() as session:
        form = FORMS.found(session, text_id)
        own = session.get(OwnFile, form.own_file_id) if form.own_file_id else None
        named, ours = mentions.of(session, form), handout.ours(settings(), form.language)
        titles = _ours_titles() if form.gives is Gives.OURS else [handouts.given(session, form).title]
        return render_template(
            "owner/handouts/show.html",
            form=form,
            chosen=chosen or form.gives,
            own=own,
            title=(handouts.given(session, form).title if own else "") if title is None else title,
            ours=ours,
            told_in=words.listed([languages.named(code).in_english for code in handout.told_in()]),
            language=languages.named(ours.language).in_english,
            mentions=[(one, languages.named(one.language).in_english) for one in named],
            misnamed=[one for one in named if form.gives is not Gives.NONE and not one.fits(titles)],
            longest=handouts.LONGEST_TITLE,
            problem=problem,
            saved=request.args.get("saved", type=int),
        )


@blueprint.get(f"/forms/<{gate.ID}:text_id>/handout.pdf")
def file(text_id: int) -> Response:
    """What readers would get, or with `?ours` ours. Nothing is counted."""
    with Session.begin() as session:
        form = FORMS.found(session, text_id)
        sheet = handouts.ours(form.language) if "ours" in request.args else handouts.given(session, form)
    return answer(sheet, attached=True)


@blueprint.post(f"/forms/<{gate.ID}:text_id>/handout")
def change(text_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        gives = Gives(request.form.get("gives", ""))
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    sent, title = request.files.get("file"), handouts.one_line(request.form.get("title", ""))
    if sent and sent.filename:
        gives = Gives.OWN  # whoever chose a file means it, wherever the dot was left
    if len(title) > handouts.LONGEST_TITLE:
        return show(text_id, LONG_TITLE.format(handouts.LONGEST_TITLE), gives, title), HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        with Session.begin() as session:
            form = FORMS.locked(session, text_id)
            own_file_id, before = form.own_file_id, _state(session, form)
            if sent and sent.filename:
                own_file_id = handouts.keep(session, sent.filename, sent.stream.read(LARGEST + 1), now).id
            if gives is Gives.OWN and own_file_id is None:
                return show(text_id, NO_FILE, gives, title), HTTPStatus.UNPROCESSABLE_ENTITY
            title = _title(session, title, own_file_id if gives is Gives.OWN else None)
            if [gives.value, own_file_id if gives is Gives.OWN else None, title] == before:
                flash("Nothing was changed.")
                return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)
            entry = _give(session, form, gives, own_file_id, title)
    except PdfError as error:
        return show(text_id, str(error), gives, title), HTTPStatus.UNPROCESSABLE_ENTITY
    return redirect(url_for(".show", text_id=text_id, saved=entry), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/forms/<{gate.ID}:text_id>/handout/undo/<{gate.ID}:entry_id>")
def undo(text_id: int, entry_id: int) -> AnyResponse:
    with Session.begin() as session:
        form = FORMS.locked(session, text_id)
        entry = session.get(AuditEntry, entry_id)
        if entry is None or entry.action != CHANGED or entry.detail["form"] != text_id:
            abort(HTTPStatus.NOT_FOUND)
        before, after = entry.detail["before"], entry.detail["after"]
        if after != _state(session, form)[: len(after)]:
            flash("It has been changed again since, so nothing was taken back.", "warn")
        elif before[1] and session.get(OwnFile, before[1]) is None:
            flash("The file from before is not kept any more. Please choose it again.", "warn")
        else:
            _give(session, form, Gives(before[0]), before[1], "".join(before[2:]))
            flash("Taken back: it is as it was before.")
    return redirect(url_for(".show", text_id=text_id), HTTPStatus.SEE_OTHER)


def _give(session: OrmSession, form: Form, gives: Gives, own_file_id: int | None, title: str) -> int:
    before = _state(session, form)
    handouts.give(session, form, gives, own_file_id)
    if own := session.get(OwnFile, form.own_file_id or 0):
        own.title = title or own.title
    return gate.note(session, CHANGED, utc_now(), form=form.id, before=before, after=_state(session, form))


def _title(session: OrmSession, typed: str, own_file_id: int | None) -> str:
    return (typed or handouts.title_of(session.get_one(OwnFile, own_file_id))) if own_file_id else ""


def _state(session: OrmSession, form: Form) -> list[str | int | None]:
    own = session.get(OwnFile, form.own_file_id) if form.own_file_id else None
    return [form.gives.value, form.own_file_id, own.title if own else ""]


def _ours_titles() -> list[str]:
    return [handout.ours(settings(), code).title for code in handout.told_in()]
