"""A newsletter sent: to whom, when and with which subjects; its sum before the button; and taken back."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import orders, segments
from funnel.audience.rule import RuleError
from funnel.db import Session, utc_now
from funnel.mail import unready
from funnel.models.content import Newsletter, NewsletterState, ZoneMode
from funnel.programme import archive, outgoing
from funnel.programme.outgoing import NotNow
from funnel.programme.subject_trial import LEAST
from funnel.web.nudge import nudge
from funnel.web.owner import gate, order_form, order_sum, promise, rule_form, rule_words, texts
from funnel.web.owner.issue_manner import NEWSLETTERS
from funnel.web.owner.order_form import TypedOrder
from funnel.web.owner.order_sum import Sum
from tasks.newsletters import work

OPEN = (NewsletterState.DRAFT, NewsletterState.SCHEDULED)
OF_THE_SUM = {"csrf_token", "told", "in_archive", "archive_asked"}  # its own fields, which the form before it has not
PLACE = f"/newsletters/<{gate.ID}:text_id>"

MEANWHILE = "It was scheduled or taken back since you opened that page. Nothing was changed: it stands as told here."
LATE_BY_READERS = (
    "It leaves now for readers whose hour passed within the last hour. "
    "The others have it at that hour of their next day."
)

blueprint = gate.pages("orders", __name__)


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
        found = order_sum.of(session, issue, typed, now)
        if found is None:
            return _page(session, issue, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
        return _told(session, issue, found, typed, now)


@blueprint.post(f"{PLACE}/send")
def place(text_id: int) -> AnyResponse:
    """Does what the sum told, or tells it again where another owner changed some of it meanwhile."""
    now, typed = utc_now(), order_form.read(request.form)
    with Session.begin() as session:
        issue = NEWSLETTERS.locked(session, text_id)
        if issue.state not in OPEN:
            return _stands(issue)
        if typed.seen != order_form.standing(issue):
            flash(MEANWHILE, "warn")
            return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)
        found = order_sum.of(session, issue, typed, now)
        if found is None:
            return _page(session, issue, typed, HTTPStatus.UNPROCESSABLE_ENTITY)
        if changed := promise.changed(request.form.get("told", ""), found.told):
            page = _told(session, issue, found, typed, now, changed)
            page.status_code = HTTPStatus.CONFLICT
            return page
        placed = orders.place(session, text_id, found.order, now)
        if typed.in_archive is not None and typed.in_archive != placed.in_archive:
            (archive.show if typed.in_archive else archive.hide)(session, text_id, now)
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
            if words := unready.why(session, NEWSLETTERS.locked(session, text_id), now):
                raise NotNow(words)
            late = outgoing.confirm_late(session, text_id, now)
            by_readers = late.zone_mode is ZoneMode.READER
            gate.note(session, "sent a newsletter late", now, newsletter=text_id)
        nudge(work)
        flash(LATE_BY_READERS if by_readers else "It leaves now.")
    except NotNow as why:
        flash(str(why), "warn")
    return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)


def _told(
    session: OrmSession,
    issue: Newsletter,
    found: Sum,
    typed: TypedOrder,
    now: datetime,
    changed: Sequence[str] = (),
) -> AnyResponse:
    """The sum, and the button that does what it tells."""
    carried = [(name, value) for name, value in request.form.items() if name not in OF_THE_SUM]
    waiting = texts.waiting(session, NEWSLETTERS, issue)
    return texts.page(
        "orders/sum", NEWSLETTERS, issue, sum=found, typed=typed, carried=carried, changed=changed, now=now, **waiting
    )  # fmt: skip


def _page(session: OrmSession, issue: Newsletter, typed: TypedOrder, status: int = HTTPStatus.OK) -> AnyResponse:
    now = utc_now()
    found, gone = None, ""
    try:
        rule = typed.rule.so_far() if typed.whom == order_form.CHOSEN else typed.plain(issue)
        found = order_sum.reckoned(session, issue, rule, typed.with_course, now, typed.topic_id)
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
        topics=order_sum.about(session, issue),
        **texts.waiting(session, NEWSLETTERS, issue),
    )
    page.status_code = status
    return page


def _stands(issue: Newsletter) -> AnyResponse:
    flash(outgoing.STANDS[issue.state], "warn")
    return redirect(url_for("newsletters.show", text_id=issue.id), HTTPStatus.SEE_OTHER)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]
