"""What is done to many people at once: asked before with a count and a sample, watched while it goes on, undone."""

from http import HTTPStatus
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session as OrmSession
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import bulk, deeds, muster, tags
from funnel.audience.bulk import Wish
from funnel.audience.segment import Segment, read
from funnel.db import Session, utc_now
from funnel.insight import people
from funnel.models.bulk import BulkAction, BulkJob
from funnel.models.content import Sequence
from funnel.models.tags import Tag
from funnel.programme import steering
from funnel.web.nudge import nudge
from funnel.web.owner import bulk_words, filters, gate, person
from tasks.audience import work, work_once

SAMPLE = 5
DEFAULT = BulkAction.TAG

blueprint = gate.pages("bulk", __name__)


@blueprint.get("/people/bulk")
def ask(problem: str = "") -> str:
    """Whom it is about, how many they are, and what it means, before anything is done."""
    now, action = utc_now(), _action()
    with Session.begin() as session:
        whom = _whom(session)
        if whom.all and not whom.wrong:
            newest = request.values.get("newest", type=int) or muster.newest(session)
            total, exact = muster.count(session, whom.segment, now, newest)
            sample = muster.find(session, whom.segment, now, SAMPLE, newest + 1).ids
        else:
            newest, total, exact, sample = 0, len(whom.ids), True, whom.ids[:SAMPLE]
        return render_template(
            "owner/bulk/ask.html",
            action=action,
            said=bulk_words.ACTIONS[action],
            whom=whom,
            wrong=[filters.NAMES[name] for name in whom.wrong],
            total=total,
            exact=exact,
            newest=newest,
            sample=people.named(session, sample),
            parts_set=[words for words, _ in filters.said(whom.segment, filters.choices(session))],
            tag_names=tags.names(session),
            courses={course.id: course.title for course in steering.live(session)},
            typed=request.form,
            problem=problem,
        )


@blueprint.post("/people/bulk")
def begin() -> AnyResponse | tuple[str, int]:
    now, action = utc_now(), _action()
    with Session.begin() as session:
        whom = _whom(session)
        if whom.wrong or not (whom.all or whom.ids):
            abort(HTTPStatus.BAD_REQUEST)
        newest = request.form.get("newest", 0, type=int)
        try:
            detail = _detail(session, action)
        except ValueError as error:
            session.rollback()
            return ask(str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
        total = request.form.get("total", len(whom.ids), type=int)
        wish = Wish(action, detail, whom.segment, None if whom.all else whom.ids, newest, total)
        job = bulk.ask(session, wish, gate.owner().id, now)
        gate.note(session, "changed many people at once", now, job=job.id, people=total, name=action.value)
        job_id, few = job.id, total <= deeds.DEEDS[action].chunk
    if not few or (work_once(job_id) and work_once(job_id)):
        nudge(work)
    return redirect(url_for(".show", job_id=job_id), HTTPStatus.SEE_OTHER)


@blueprint.get(f"/people/bulk/<{gate.ID}:job_id>")
def show(job_id: int) -> str:
    now = utc_now()
    with Session.begin() as session:
        job = _job(session, job_id)
        return render_template(
            "owner/bulk/show.html",
            job=job,
            said=bulk_words.ACTIONS[job.action],
            about=_about(session, job),
            undoable=bulk.can_be_undone(job, now),
            goes_on=job.state in bulk.GOING_ON,
            now=now,
        )


@blueprint.post(f"/people/bulk/<{gate.ID}:job_id>/halt")
def halt(job_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        _job(session, job_id)
        if bulk.halt(session, job_id, now):
            gate.note(session, "halted what was done to many people", now, job=job_id)
    return redirect(url_for(".show", job_id=job_id), HTTPStatus.SEE_OTHER)


@blueprint.post(f"/people/bulk/<{gate.ID}:job_id>/undo")
def undo(job_id: int) -> AnyResponse:
    now = utc_now()
    with Session.begin() as session:
        job = _job(session, job_id)
        begun = bulk.undo(session, job_id, now)
        if begun:
            gate.note(session, "undid what was done to many people", now, job=job_id)
        few = job.changed <= deeds.CHUNK
    if not begun:
        flash("It cannot be undone any more.", "warn")
    elif not few or (work_once(job_id) and work_once(job_id)):
        nudge(work)
    return redirect(url_for(".show", job_id=job_id), HTTPStatus.SEE_OTHER)


class _Whom:
    """Whom the request is about: those ticked, or with `all` everybody of the segment."""

    def __init__(self, args: dict[str, list[str]], given: MultiDict[str, str]) -> None:
        self.segment: Segment
        self.segment, self.wrong = read(args)
        self.all = given.get("all") == "1"
        numbers = {int(text) for text in given.getlist("id") if text.isdecimal() and len(text) < 19}
        self.ids = sorted(numbers, reverse=True)[: bulk.MOST_TICKED]


def _whom(session: OrmSession) -> _Whom:
    whom = _Whom(filters.chosen(), request.values)
    known = session.scalars(muster.kept_among(whom.ids))
    whom.ids = sorted(known, reverse=True)
    return whom


def _action() -> BulkAction:
    try:
        return BulkAction(request.values.get("do", DEFAULT))
    except ValueError:
        return abort(HTTPStatus.BAD_REQUEST)


def _detail(session: OrmSession, action: BulkAction) -> dict[str, Any]:
    """What the action needs to know. Raises ValueError, saying how to mend it."""
    word = bulk_words.ACTIONS[action].hurts
    if word and request.form.get("word", "").strip().lower() != word:
        raise ValueError(f"Please type the word {word}.")
    if action is BulkAction.TAG:
        return {"tag": tags.tag(session, request.form.get("name", ""), utc_now()).id}
    if action is BulkAction.UNTAG:
        tag = session.get(Tag, request.form.get("of", 0, type=int))
        if tag is None:
            raise ValueError("Please choose the tag.")
        return {"tag": tag.id}
    if action is BulkAction.PAUSE:
        return {"until": person.pause_end(request.form.get("day", "")).isoformat()}
    if action is BulkAction.ENROL:
        live = {course.id for course in steering.live(session)}
        chosen = request.form.get("onto", 0, type=int)
        if chosen not in live:
            raise ValueError("Please choose the course.")
        return {"sequence": chosen}
    return {}


def _about(session: OrmSession, job: BulkJob) -> str:
    """The tag, day or course of it, in words."""
    if "tag" in job.detail:
        tag = session.get(Tag, job.detail["tag"])
        return f"the tag “{tag.name}”" if tag else "a tag that is deleted"
    if "sequence" in job.detail:
        return f"the course “{session.get_one(Sequence, job.detail['sequence']).title}”"
    return f"until {job.detail['until'][:10]}" if "until" in job.detail else ""


def _job(session: OrmSession, job_id: int) -> BulkJob:
    return session.get(BulkJob, job_id) or abort(HTTPStatus.NOT_FOUND)
