"""A test of words as they are typed, to the owner or to an address they name: what arrives says that it is one."""

import math
import secrets
from datetime import datetime
from http import HTTPStatus

from flask import Response, make_response, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import Session as OrmSession

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
from funnel.web.owner.mails import TEST_LIVES, TESTS_LIMIT
from funnel.web.owner.words import counted
from tasks.mail import send_urgent

LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3

blueprint = gate.pages("trials", __name__)


@blueprint.post("/preview/test")
def send() -> Response:
    """Sends what is typed. Answers with words for the page, and what was typed stays where it is."""
    now, owner = utc_now(), gate.owner()
    to = (request.form.get("test_to", "").strip() or owner.email)[: LONGEST_ADDRESS + 1]
    with Session.begin() as session:
        said, reader = typed.sketch(session), typed.reader(session)
        problem = _problem(said, reader, to, now) or _too_many(owner.id)
        if not problem and not _plan(session, said, reader, to, now):
            problem = "A test of words that are not saved cannot be sent just now: Redis is away. Save them, then try."
    if problem:
        return _answer(problem, "warn", HTTPStatus.UNPROCESSABLE_ENTITY)
    nudge(send_urgent)
    return _answer(_where(to, reader), "", HTTPStatus.OK)


def _plan(session: OrmSession, said: Sketch, reader: typed.Reader, to: str, now: datetime) -> bool:
    """Whether its words could be kept until it is sent. They are laid down first: the mail may leave at once."""
    key = f"test:{secrets.token_hex(16)}"
    whose = {"person": reader.person.id, "first_name": reader.person.first_name if reader.person.id is None else ""}
    try:
        shelf.keep({key: {"sketch": said.kept(), **whose}}, int(TEST_LIVES.total_seconds()))
    except shelf.AwayError:
        return False
    mail = plan.plan(
        session,
        MessageKind.TEST,
        key,
        template=render.SKETCH,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + TEST_LIVES,
        now=now,
        to_address=to,
    )
    gate.note(session, "sent a test of words as typed", now, mail=mail, kind=said.kind)
    return True


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


def _where(to: str, reader: typed.Reader) -> str:
    way = Markup('to the local <a href="/outbox">outbox</a>, addressed ') if settings().local_outbox else ""
    return Markup(
        "On its way {}to {}, as {} would get it. Its subject begins with [TEST], which no real mail does. "
        "Its links work, and nothing in it is counted or anybody’s own."
    ).format(way, to, reader.words)


def _answer(words: str, tone: str, status: HTTPStatus) -> Response:
    name = "said" if typed.in_part() else "sent"
    return make_response(render_template(f"owner/trials/{name}.html", words=words, tone=tone), status)
