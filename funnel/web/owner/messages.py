"""Sending: every mail planned, where it is, and why."""

from collections.abc import Iterator
from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import cancellations, messages, resting, tallies
from funnel.insight.whereabouts import Where
from funnel.mail import rests
from funnel.web.nudge import nudge
from funnel.web.owner import gate, sheet
from tasks.mail import send_bulk, send_urgent

AT_ONCE = 2000  # rows held in memory
HEADER = ("Mail", "Kind", "Address", "State", "Why", "Reply", "Tries", "Planned", "Due", "Sent", "Ended")

blueprint = gate.pages("messages", __name__)


@blueprint.get("/messages")
def index() -> str:
    state = request.args.get("state", type=Where)
    page = request.args.get("page", 1, type=int)
    now = utc_now()
    with Session.begin() as session:
        freshness = tallies.freshen(session, now)
        return render_template(
            "owner/messages/index.html",
            freshness=freshness,
            now=now,
            rests=resting.resting(session, now),
            cancelled=cancellations.latest(session),
            found=messages.listed(session, (state,) if state else (), page),
            state=state,
            states=list(Where),
        )


@blueprint.get("/messages.csv")
def export() -> Response:
    """Every mail in a state, or every one, with the addresses they went to."""
    now, state = utc_now(), request.args.get("state", type=Where)
    with Session.begin() as session:
        gate.note(session, "exported mails", now, state=state or "all")
    return sheet.answer(f"mails-{state or 'all'}", HEADER, _rows(state))


def _rows(state: Where | None) -> Iterator[sheet.Row]:
    """Read while they are sent, some at a time: no transaction lasts as long as a slow download."""
    before = None
    while True:
        with Session.begin() as session:
            found = messages.older(session, state, before, AT_ONCE)
        for mail in found:
            yield (
                mail.name, mail.kind.value, mail.address, mail.state.value, mail.reason, mail.reply, mail.attempts,
                mail.created_at, mail.due_at, mail.sent_at, mail.ended_at,
            )  # fmt: skip
        if len(found) < AT_ONCE:
            return
        before = found[-1].id


@blueprint.post("/messages/go-on")
def go_on() -> AnyResponse:
    """Ends a rest before its time. The guard's is not ended here, but by whoever restored the database."""
    now, name = utc_now(), request.form.get("name", "").replace("\x00", "")
    with Session.begin() as session:
        ended = name != rests.GUARD and rests.end(session, name)
        if ended:
            gate.note(session, "ended a rest", now, rest=name)
    if ended:
        nudge(send_urgent)
        nudge(send_bulk)
        flash("Sending goes on. If it is refused again, it rests again by itself.")
    else:
        flash("That had ended already.")
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)
