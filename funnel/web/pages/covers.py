"""The picture of a link to a post, a form, an issue or a list. Its address holds what is drawn: it is kept for good."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, abort, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.config import settings
from funnel.db import Session
from funnel.languages import ENGLISH
from funnel.mail import web_version
from funnel.models.content import Newsletter, Post, PostState
from funnel.models.people import Form, FormState
from funnel.programme import archive, translations
from funnel.programme.cover import Cover, cut, pictures
from funnel.web.pages.colours import FOR_GOOD
from funnel.web.pages.named import found

POST, FORM, ISSUE, PRACTICE = "posts", "forms", "archive", "practice"
PNG = "image/png"
ID = "int(max=9223372036854775807)"  # what a bigint holds

blueprint = Blueprint("covers", __name__)


@dataclass(frozen=True)
class Drawn:
    """What stands of it in a page's head."""

    address: str
    alt: str


blueprint.add_app_template_global(cut)


@blueprint.app_template_global()
def cover_of_post(post: Post) -> Drawn:
    return _drawn(of_post(post), POST, post.slug)


@blueprint.app_template_global()
def cover_of_form(form: Form) -> Drawn:
    return _drawn(_titled(form.title), FORM, form.slug)


def of_issue(issue: Newsletter, subject: str, language: str = ENGLISH) -> Drawn:
    return _drawn(_titled(subject), ISSUE, f"{issue.id}-{language}")


@blueprint.app_template_global()
def cover_of_practice() -> Drawn:
    return _drawn(_titled(""), PRACTICE, "practice")


@blueprint.get(f"/covers/<digest>/<any({POST}, {FORM}, {ISSUE}, {PRACTICE}):kind>/<name>.png")
def show(digest: str, kind: str, name: str) -> AnyResponse:
    with Session.begin() as session:
        wanted = _of(session, kind, name)
    if wanted is None:
        abort(HTTPStatus.NOT_FOUND)
    if digest != wanted.digest:  # a page kept elsewhere from before its words were changed
        onward = redirect(url_for(".show", digest=wanted.digest, kind=kind, name=name))
        onward.headers["Cache-Control"] = "no-cache"
        return onward
    response = answer(wanted, FOR_GOOD)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # it is there to be shown by others
    return response


def answer(wanted: Cover, kept: str) -> Response:
    """The picture, or that the reader's copy is as good."""
    response = Response(wanted.png(), mimetype=PNG, headers={"Cache-Control": kept})
    response.set_etag(wanted.digest)
    response.make_conditional(request)
    return response


def of_post(post: Post) -> Cover:
    """The title, or the picture of its own that the owner chose, as long as it stands in its text."""
    known = settings()
    chosen = next((one for one in pictures(post.body, known.base_url) if one.address == post.cover), None)
    return Cover(post.title, known.practice_name, chosen)


def _of(session: OrmSession, kind: str, name: str) -> Cover | None:
    """What stands at this address; None: nothing that readers may see."""
    if kind == PRACTICE:
        return _titled("")
    if kind == POST:
        post = found(session, Post, name)
        return of_post(post) if post and post.state is not PostState.DRAFT else None
    if kind == FORM:
        form = found(session, Form, name)
        return _titled(form.title) if form and form.state is not FormState.RETIRED else None
    return _of_issue(session, name)


def _of_issue(session: OrmSession, name: str) -> Cover | None:
    digits, _, language = name.partition("-")
    number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else 0
    issue = archive.found(session, number)
    if issue is None or not issue.in_archive:
        return None
    said = translations.of_newsletters(session, {(number, language)}, [issue]).get((number, language))
    return _titled(web_version.of(issue, said).subject)


def _titled(title: str) -> Cover:
    return Cover(title, settings().practice_name)


def _drawn(wanted: Cover, kind: str, name: str) -> Drawn:
    path = url_for("covers.show", digest=wanted.digest, kind=kind, name=name)
    return Drawn(f"{settings().base_url}{path}", wanted.alt)
