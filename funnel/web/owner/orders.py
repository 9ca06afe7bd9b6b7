"""A newsletter sent: to whom, when and with which subjects; its sum before the button; and taken back."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import addressees, orders, segments, topics
from funnel.audience.rule import RuleError
from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import reckoning
from funnel.insight.reckoning import Reckoning
from funnel.mail import pace, unready
from funnel.mail.pace import Slow
from funnel.models.content import Newsletter, NewsletterState, ZoneMode
from funnel.models.topics import Topic
from funnel.programme import outgoing, send_times, subject_trial
from funnel.programme.outgoing import NotNow, Order
from funnel.programme.subject_trial import LEAST, BadTrial
from funnel.web.nudge import nudge
from funnel.web.owner import gate, order_form, rule_form, rule_words, texts
from funnel.web.owner.issue_manner import NEWSLETTERS
from funnel.web.owner.order_form import TOPIC, TRIAL, WHEN, WHOM, TypedOrder
from tasks.newsletters import work

OPEN = (NewsletterState.DRAFT, NewsletterState.SCHEDULED)
PLACE = f"/newsletters/<{gate.ID}:text_id>"

MEANWHILE = "It was scheduled or taken back since you opened that page. Nothing was changed: it stands as told here."
LATE_BY_READERS = (
    "It leaves now for readers whose hour passed within the last hour. "
    "The others have it at that hour of their next day."
)

blueprint = gate.pages("orders", __name__)


@dataclass(frozen=True)
class Sum:
    """What would be done, before it is. `first`, `last`: when the first and the last reader’s hour comes."""

    reckoning: Reckoning
    send_at: datetime
    first: datetime
    last: datetime
    is_now: bool
    slow: Slow | None  # the mail servers' daily limits spread it over days
    decides_at: datetime | None  # when the trial of two subjects ends, if its mails leave at once


@blueprint.get(f"{PLACE}/send")
def show(text_id: int) -> AnyResponse:
    with Session.begin() as session:
        issue = NEWSLETTERS.found(session, text_id)
        if issue.state not in OPEN:
            return _stands(issue)
        return _page(session, issue, order_form.of(session, issue))


@blueprint.post(f"{PLACE}/sum")
def ask(text_id: int) -> AnyResponse:
    """The sum, and the button that sends; or what is wrong; or the form again, as one of its buttons makes it."""
    now, typed = utc_now(), order_form.read(request.form)
    with Session.begin() as session:
        issue = NEWSLETTERS.locked(session, text_id)
        if issue.state not in OPEN:
            return _stands(issue)
        if button := request.form.get(rule_form.DO):
            if button != "show":  # the builder's own count
                rule_form.pressed(typed.rule, button)
                typed.whom = order_form.CHOSEN
            return _page(session, issue, typed)
        found = _summed(session, issue, typed, now)
        if found is None:
            return _page(session, issue, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
        waiting = texts.waiting(session, NEWSLETTERS, issue)
        carried = [(name, value) for name, value in request.form.items() if name != "csrf_token"]
        return texts.page(
            "orders/sum", NEWSLETTERS, issue, sum=found, typed=typed, carried=carried, now=now, **waiting
        )  # fmt: skip


@blueprint.post(f"{PLACE}/send")
def place(text_id: int) -> AnyResponse:
    now, typed = utc_now(), order_form.read(request.form)
    with Session.begin() as session:
        issue = NEWSLETTERS.locked(session, text_id)
        if issue.state not in OPEN:
            return _stands(issue)
        if typed.seen != order_form.standing(issue):
            flash(MEANWHILE, "warn")
            return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)
        if _summed(session, issue, typed, now) is None:
            return _page(session, issue, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
        order = typed.order(issue, now)
        assert order
        orders.place(session, text_id, order, now)
        gate.note(session, "scheduled a newsletter", now, newsletter=text_id)
    return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{PLACE}/undo")
def undo(text_id: int) -> AnyResponse:
    """A draft again; nothing of it was planned."""
    now = utc_now()
    try:
        with Session.begin() as session:
            outgoing.unschedule(session, text_id)
            gate.note(session, "took a newsletter back", now, newsletter=text_id)
        flash("Taken back. It is a draft again, and nobody got it.")
    except NotNow as why:
        flash(f"It could not be taken back: {_lower(str(why))} You can still pause or cancel it.", "warn")
    return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"{PLACE}/late")
def send_late(text_id: int) -> AnyResponse:
    """Lets one leave whose time passed while the service was down."""
    now = utc_now()
    try:
        with Session.begin() as session:
            late = outgoing.confirm_late(session, text_id, now)
            by_readers = late.zone_mode is ZoneMode.READER
            gate.note(session, "sent a newsletter late", now, newsletter=text_id)
        nudge(work)
        flash(LATE_BY_READERS if by_readers else "It leaves now.")
    except NotNow as why:
        flash(str(why), "warn")
    return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)


def reckoned(
    session: OrmSession, issue: Newsletter, rule: Any, with_course: bool, at: datetime, topic_id: int | None = None
) -> Reckoning:
    """Who gets the issue, and why others do not. Raises RuleError."""
    only = addressees.unmoved(issue.parent_id) if order_form.is_resend(issue) and issue.parent_id else None
    return reckoning.reckon(session, rule, with_course, at, only, topic_id)


def _summed(session: OrmSession, issue: Newsletter, typed: TypedOrder, now: datetime) -> Sum | None:
    """What the order comes to; None where it is refused, and `typed.problems` say why. It is not placed by this."""
    if words := unready.why(session, issue, now):
        typed.problems["words"] = words
    if typed.topic_id not in {None, issue.topic_id, *_topics(session, issue)}:
        typed.problems[TOPIC] = "This topic is not offered any more. Choose another, or none."
    order = typed.order(issue, now)
    if order is None or typed.problems:
        return None
    try:
        return _tried(session, issue, order, now)
    except BadTrial as why:
        typed.problems[TRIAL] = str(why)
    except RuleError as why:
        typed.rule.blame(why)
        typed.problems[WHOM] = why.words
    except NotNow as why:
        typed.problems[WHEN if str(why) == outgoing.PAST else WHOM] = str(why)
    return None


def _tried(session: OrmSession, issue: Newsletter, order: Order, now: datetime) -> Sum:
    with session.begin_nested() as tried:
        placed = orders.place(session, issue.id, order, now)
        assert placed.send_at
        at = max(placed.send_at, now)
        found = reckoned(session, placed, placed.rule, order.with_course, at, order.topic_id)
        first, last = send_times.span(session, placed)
        slow = pace.slowed(session, settings().relays, found.gets, at)
        decides_at = subject_trial.end(placed, placed.send_at) if order.trial else None
        answer = Sum(found, placed.send_at, first, last, order.at is None, slow, decides_at)
        tried.rollback()
    session.refresh(issue)
    return answer


def _page(session: OrmSession, issue: Newsletter, typed: TypedOrder, status: int = HTTPStatus.OK) -> AnyResponse:
    now = utc_now()
    found, gone = None, ""
    try:
        rule = typed.rule.so_far() if typed.whom == order_form.CHOSEN else typed.plain(issue)
        found = reckoned(session, issue, rule, typed.with_course, now, typed.topic_id)
    except RuleError as why:
        gone = why.words
    page = texts.page(
        "orders/show",
        NEWSLETTERS,
        issue,
        typed=typed,
        found=found,
        gone=gone,
        segments=segments.names(session),
        known=rule_words.offered(session),
        least=LEAST,
        is_resend=order_form.is_resend(issue),
        topics=_topics(session, issue),
        **texts.waiting(session, NEWSLETTERS, issue),
    )
    page.status_code = status
    return page


def _topics(session: OrmSession, issue: Newsletter) -> dict[int, str]:
    """The topics it may be about: those offered, and the one it has."""
    names = {one.id: one.name for one in topics.offered(session)}
    own = session.get(Topic, issue.topic_id) if issue.topic_id else None
    return names | ({own.id: own.name} if own else {})


def _stands(issue: Newsletter) -> AnyResponse:
    flash(outgoing.STANDS[issue.state], "warn")
    return redirect(url_for("newsletters.show", text_id=issue.id), HTTPStatus.SEE_OTHER)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]
