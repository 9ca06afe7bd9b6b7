"""A newsletter under way: how far it is, without reloading; paused, going on, cancelled; mails of it tried again."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.db import Session, utc_now
from funnel.insight import issue_account, messages, tallies
from funnel.insight.whereabouts import Where
from funnel.mail import wishes
from funnel.models.content import Part
from funnel.programme import contest, outgoing
from funnel.programme.outgoing import NotNow
from funnel.web.nudge import nudge
from funnel.web.owner import gate, standing, texts
from funnel.web.owner.issue_manner import NEWSLETTERS
from funnel.web.owner.words import counted
from tasks.mail import send_bulk
from tasks.newsletters import work

PLACE = f"/newsletters/<{gate.ID}:text_id>"
SHOWN = 50

blueprint = gate.pages("progress", __name__)


@blueprint.get(f"{PLACE}/progress")
def read(text_id: int) -> Response:
    """How far it is, for the script of its page: the words by their places."""
    now = utc_now()
    with Session.begin() as session:
        NEWSLETTERS.found(session, text_id)
        return jsonify(standing.told(issue_account.account(session, text_id, now)))


@blueprint.post(f"{PLACE}/pause")
def pause(text_id: int) -> AnyResponse:
    done = (
        "Paused. What was being handed over this moment may still arrive; nothing else leaves until you let it go on."
    )
    return do(outgoing.pause, text_id, "paused a newsletter", done)


@blueprint.post(f"{PLACE}/resume")
def resume(text_id: int) -> AnyResponse:
    return do(outgoing.resume, text_id, "resumed a newsletter", "It goes on where it stopped.")


@blueprint.get(f"{PLACE}/cancel")
def ask_to_cancel(text_id: int) -> AnyResponse:
    """What has been accepted, and what would be held, before the button."""
    now = utc_now()
    with Session.begin() as session:
        issue = NEWSLETTERS.found(session, text_id)
        found = issue_account.account(session, text_id, now)
        can = issue.state in standing.GOES_ON
        return texts.page("progress/cancel", NEWSLETTERS, issue, account=found, can=can, stands=outgoing.STANDS)


@blueprint.post(f"{PLACE}/cancel")
def cancel(text_id: int) -> AnyResponse:
    done = "Cancelled. Nothing more of it is sent but what was being handed over this very moment."
    return do(outgoing.cancel, text_id, "cancelled a newsletter", done)


@blueprint.post(f"{PLACE}/retry")
def retry(text_id: int) -> AnyResponse:
    """Tries at once what was put off or has failed."""
    now = utc_now()
    try:
        with Session.begin() as session:
            NEWSLETTERS.found(session, text_id)
            put_off, failed = wishes.retry(session, text_id, now)
            gate.note(session, "retried a newsletter", now, newsletter=text_id, put_off=put_off, failed=failed)
        nudge(send_bulk)
        flash(f"To be tried now: {counted(put_off, 'mail')} put off, and {counted(failed, 'mail')} that had failed.")
        if wishes.MOST in (put_off, failed):
            flash("There may be more: one press takes no more than these. Press again for the others.", "warn")
    except NotNow as why:
        flash(str(why), "warn")
    return _back(text_id)


@blueprint.post(f"{PLACE}/choose")
def choose(text_id: int) -> AnyResponse:
    """The subject that the others get, before the trial has ended."""
    part = {"a": Part.A, "b": Part.B}.get(request.form.get("part", "")) or abort(HTTPStatus.BAD_REQUEST)

    def verb(session: OrmSession, number: int, now: datetime) -> object:
        return contest.choose(session, number, part, now)

    return do(verb, text_id, "chose a subject", "Chosen. All others get it now.", part=part.value)


@blueprint.get(f"{PLACE}/mails")
def mails(text_id: int) -> AnyResponse:
    """The mails of it that are in `?state=`, the newest first; on from the one before `?before=`."""
    state, before = request.args.get("state", type=Where), request.args.get("before", type=int)
    with Session.begin() as session:
        issue = NEWSLETTERS.found(session, text_id)
        tallies.freshen(session, utc_now())
        found = messages.of_newsletters(session, outgoing.family(session, text_id), state, before, SHOWN + 1)
        return texts.page(
            "progress/mails",
            NEWSLETTERS,
            issue,
            found=found[:SHOWN],
            more=len(found) > SHOWN,
            state=state,
            states=standing.LISTED,
        )


def do(
    verb: Callable[[OrmSession, int, datetime], object], text_id: int, action: str, done: str, **detail: object
) -> AnyResponse:
    """One word of the owner about a newsletter, in the state it is for; in another one, why not."""
    now = utc_now()
    try:
        with Session.begin() as session:
            NEWSLETTERS.found(session, text_id)
            verb(session, text_id, now)
            gate.note(session, action, now, newsletter=text_id, **detail)
        nudge(work)
        flash(done)
    except NotNow as why:
        flash(str(why), "warn")
    return _back(text_id)


def _back(text_id: int) -> AnyResponse:
    return redirect(url_for("newsletters.show", text_id=text_id), HTTPStatus.SEE_OTHER)
