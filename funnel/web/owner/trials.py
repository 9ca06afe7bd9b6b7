"""A test of a mail: of what is saved to the owner, of what is typed to anybody they name. It says that it is one."""

import math
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, abort, flash, make_response, redirect, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel import limits, shelf
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.mail import render
from funnel.mail.encoding import Unsendable, wire_address
from funnel.mail.sketch import Sketch
from funnel.models.mail import MessageKind, Queue
from funnel.programme import plan
from funnel.programme.merge import BadTags
from funnel.web.nudge import nudge
from funnel.web.owner import gate, typed
from funnel.web.owner.manners import LOOKS, MANNERS, SEEN, TEXT
from funnel.web.owner.preview import TEXT_ID
from funnel.web.owner.words import counted
from tasks.mail import send_urgent

TESTS_LIMIT = (20, 60 * 60)  # mails, seconds
TEST_LIVES = timedelta(hours=1)
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3

blueprint = gate.pages("trials", __name__)


@blueprint.post(f"{TEXT}/test")
def send_saved(noun: str, text_id: int) -> AnyResponse:
    """Sends what is saved to whoever asks; it needs no Redis."""
    now, owner, manner = utc_now(), gate.owner(), MANNERS[noun]
    columns = manner.trial(text_id) if manner.trial else abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        manner.found(session, text_id)
        problem = _too_many(owner.id)
        if not problem:
            _plan(session, f"test:{text_id}:{secrets.token_hex(8)}", owner.email, now, **columns)
            gate.note(session, "sent a test", now, **{manner.kind.value: text_id})
    if not problem:
        nudge(send_urgent)
    flash(problem or Markup("On its way {}.").format(_way(owner.email)), "warn" if problem else "message")
    return redirect(manner.page(text_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{SEEN}/test")
def send(noun: str) -> Response:
    """Sends what is typed. Answers with words for the page, and what was typed stays where it is."""
    now, owner, look = utc_now(), gate.owner(), LOOKS[noun]
    to = (request.form.get("test_to", "").strip() or owner.email)[: LONGEST_ADDRESS + 1]
    drawn = look.sketch or abort(HTTPStatus.NOT_FOUND)
    with Session.begin() as session:
        said, reader = drawn(session, typed.content(look), typed.number(TEXT_ID)), typed.reader(session)
        problem = _problem(said, reader, to, now) or _too_many(owner.id)
        if not problem and not _keep(session, said, reader, to, now):
            problem = "A test of words that are not saved cannot be sent just now: Redis is away. Save them, then try."
    if problem:
        return _answer(problem, "warn", HTTPStatus.UNPROCESSABLE_ENTITY)
    nudge(send_urgent)
    return _answer(_where(to, reader), "", HTTPStatus.OK)


def _keep(session: OrmSession, said: Sketch, reader: typed.Reader, to: str, now: datetime) -> bool:
    """Whether its words could be kept until it is sent. They are laid down first: the mail may leave at once."""
    key = f"test:{secrets.token_hex(16)}"
    whose = {"person": reader.person.id, "first_name": reader.person.first_name if reader.person.id is None else ""}
    try:
        shelf.keep({key: {"sketch": said.kept(), **whose}}, int(TEST_LIVES.total_seconds()))
    except shelf.AwayError:
        return False
    mail = _plan(session, key, to, now, template=render.SKETCH)
    gate.note(session, "sent a test of words as typed", now, mail=mail, kind=said.kind)
    return True


def _plan(session: OrmSession, key: str, to: str, now: datetime, **columns: Any) -> int:
    mail = plan.draft(
        MessageKind.TEST,
        key,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + TEST_LIVES,
        now=now,
        to_address=to,
        **columns,
    )
    return plan.plan_all(session, [mail])[0]


def _problem(said: Sketch, reader: typed.Reader, to: str, now: datetime) -> str:
    """Why this cannot be sent, in words; empty when it can."""
    try:
        wire_address(to)
    except Unsendable:
        return f"“{to}” is not a mail address. Nothing was sent."
    try:
        render.preview_sketch(said, reader.person, now)
    except (BadTags, Unsendable) as error:
        return f"Nothing was sent, since the mail cannot be written: {error}."
    return "" if said.words.subject else "Nothing was sent: the mail has no subject yet."


def _too_many(owner_id: int) -> str:
    if limits.allow("test mails", str(owner_id), *TESTS_LIMIT):
        return ""
    minutes = math.ceil(limits.wait("test mails", str(owner_id), *TESTS_LIMIT) / 60)
    return f"You sent {TESTS_LIMIT[0]} tests within an hour. Please wait {counted(minutes, 'minute')}."


def _way(to: str) -> str:
    if settings().local_outbox:
        return Markup('to the local <a href="/outbox">outbox</a>, addressed to {}').format(to)
    return f"to {to}"


def _where(to: str, reader: typed.Reader) -> str:
    return Markup(
        "On its way {}, as {} would get it. Its subject begins with [TEST], which no real mail does. "
        "Its links work, and nothing in it is counted or anybody’s own."
    ).format(_way(to), reader.words)


def _answer(words: str, tone: str, status: HTTPStatus) -> Response:
    name = "said" if typed.in_part() else "sent"
    return make_response(render_template(f"owner/trials/{name}.html", words=words, tone=tone), status)
