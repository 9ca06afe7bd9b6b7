"""Segments: people chosen by a rule, counted while it is made, saved under a name."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response, abort, flash, g, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession
from werkzeug.wrappers import Response as AnyResponse

from funnel.audience import judging, segments, topics
from funnel.audience.judging import Judged
from funnel.audience.rule import Plain, RuleError
from funnel.audience.segments import BadNameError, UsedError
from funnel.db import Session, utc_now
from funnel.insight.gathered import SHOWN, Gathered, gathered
from funnel.models.content import Sequence, SequenceState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.segments import SavedSegment
from funnel.web.nudge import nudge
from funnel.web.owner import gate, rule_form, rule_words
from funnel.web.owner.rule_form import TypedRule
from tasks.audience import recount

COUNTED_S = 0.3  # spent on the counts of the list; the others are counted on their own pages

GONE = "It was gone already."

blueprint = gate.pages("segments", __name__)


@dataclass(frozen=True)
class Listed:
    saved: SavedSegment
    typed: TypedRule | None
    gathered: Gathered | None  # None: not counted here


@dataclass(frozen=True)
class Asked:
    """Why one person is in a segment, or not."""

    person: Subscriber
    judged: Judged


@blueprint.get("/segments")
def index() -> str:
    began = time.monotonic()
    with Session.begin() as session:
        listed = [_listed(session, one, time.monotonic() - began < COUNTED_S) for one in segments.every(session)]
        known = rule_words.offered(session)
        return render_template(
            "owner/segments/index.html",
            listed=listed,
            known=known,
            ready=_ready(session),
            has_topics=topics.exist(session),
        )


@blueprint.get("/segments/new")
def new() -> str:
    with Session.begin() as session:
        name, plain = _ready(session).get(request.args.get("from", ""), ("", None))
        typed = rule_form.of(plain) if plain else TypedRule()
        return _page(session, None, name, typed)


@blueprint.post("/segments/new")
def create() -> AnyResponse | tuple[str, int] | str:
    return _save(None)


@blueprint.get(f"/segments/<{gate.ID}:segment_id>")
def show(segment_id: int) -> str:
    with Session.begin() as session:
        saved = _saved(session, segment_id)
        return _page(session, saved, saved.name, _typed(saved))


@blueprint.post(f"/segments/<{gate.ID}:segment_id>")
def change(segment_id: int) -> AnyResponse | tuple[str, int] | str:
    return _save(segment_id)


@blueprint.post("/segments/count")
def count() -> str:
    """The count and some of the people of the rule in a form: a part of a page, for its script."""
    typed = rule_form.read(request.form)
    with Session.begin() as session:
        return render_template("owner/segments/outcome.html", found=_gathered(session, typed), now=utc_now())


@blueprint.get(f"/segments/<{gate.ID}:segment_id>/delete")
def ask_to_remove(segment_id: int, used_by: list[str] | None = None) -> str:
    with Session.begin() as session:
        saved = _saved(session, segment_id)
        return render_template("owner/segments/delete.html", saved=saved, used_by=used_by)


@blueprint.post(f"/segments/<{gate.ID}:segment_id>/delete")
def remove(segment_id: int) -> AnyResponse | tuple[str, int]:
    now = utc_now()
    try:
        with Session.begin() as session:
            saved = session.get(SavedSegment, segment_id, with_for_update=True)
            words = GONE
            if saved:
                words = f"The segment “{saved.name}” is deleted. Nobody in it has changed."
                gate.note(session, "deleted a segment", now, segment=segment_id, name=saved.name)
                segments.remove(session, segment_id)
    except UsedError as error:
        return ask_to_remove(segment_id, error.by), HTTPStatus.CONFLICT
    flash(words)
    return redirect(url_for(".index"), HTTPStatus.SEE_OTHER)


def _save(segment_id: int | None) -> AnyResponse | tuple[str, int] | str:
    now, typed, name = utc_now(), rule_form.read(request.form), request.form.get("name", "")
    button = request.form.get(rule_form.DO)
    problem = ""
    try:
        with Session.begin() as session:
            saved = _saved(session, segment_id) if segment_id else None
            if button:
                rule_form.pressed(typed, button)
                return _page(session, saved, name, typed)
            kept = segments.keep(session, name, typed.plain(), now, segment_id)
            gate.note(session, "saved a segment", now, segment=kept.id, name=kept.name)
            to = url_for(".show", segment_id=kept.id)
    except RuleError as error:
        typed.blame(error)
    except BadNameError as error:
        problem = str(error)
    else:
        flash("Saved.")
        return redirect(to, HTTPStatus.SEE_OTHER)
    with Session.begin() as session:
        saved = _saved(session, segment_id) if segment_id else None
        return _page(session, saved, name, typed, problem), HTTPStatus.UNPROCESSABLE_ENTITY


def _page(
    session: OrmSession, saved: SavedSegment | None, name: str, typed: TypedRule | None, problem: str = ""
) -> str:
    who = request.args.get("who", "").strip()
    asked = _asked(session, saved, who) if saved and who else None
    return render_template(
        "owner/segments/show.html",
        saved=saved,
        name=name,
        rule=typed,
        problem=problem,
        known=rule_words.offered(session, saved.id if saved else None),
        found=_gathered(session, typed) if typed else _of(session, saved),
        who=who,
        asked=asked,
        said=rule_words.said,
        has_topics=topics.exist(session),
        now=utc_now(),
    )


def _listed(session: OrmSession, saved: SavedSegment, counts: bool) -> Listed:
    return Listed(saved, _typed(saved), _of(session, saved, 0) if counts else None)


def _typed(saved: SavedSegment) -> TypedRule | None:
    """Its rule as a form; None: of a rule that was not made here, and is shown without one."""
    try:
        return rule_form.of(saved.rule)
    except RuleError:
        return None


def _gathered(session: OrmSession, typed: TypedRule) -> Gathered | None:
    """Whom the lines gather that make sense so far; None: what they name is there no more."""
    try:
        return _counted(session, typed.so_far())
    except RuleError:
        return None


def _of(session: OrmSession, saved: SavedSegment | None, shown: int = SHOWN) -> Gathered | None:
    try:
        return _counted(session, saved.rule, shown) if saved else None
    except RuleError:
        return None


def _counted(session: OrmSession, rule: Plain | None, shown: int = SHOWN) -> Gathered:
    found = gathered(session, rule, utc_now(), shown)
    g.recount = g.get("recount", False) or found.wanted
    return found


@blueprint.after_request
def _ask_for_a_recount(response: Response) -> Response:
    if g.get("recount", False):  # below every transaction
        nudge(recount)
    return response


def _asked(session: OrmSession, saved: SavedSegment, who: str) -> Asked | None:
    person = session.scalar(
        select(Subscriber).where(func.lower(Subscriber.email) == who.lower()).order_by(Subscriber.id).limit(1)
    )
    if person is None or person.state == SubscriberState.ERASED:
        return None
    return Asked(person, judging.judged(session, saved.rule, person.id, utc_now()))


def _ready(session: OrmSession) -> dict[str, tuple[str, Plain]]:
    """Segments to begin with, by a word: a name, and the rule."""
    alone: dict[str, tuple[str, list[Plain]]] = {
        "nearly": ("Clicked to book, did not book", [{"is": "nearly_booked"}]),
        "quiet": ("No click in 90 days", [{"is": "quiet", "days": 90}]),
        "booked": ("Booked", [{"is": "booked"}]),
        "all": ("Everybody", [{"is": "everybody"}]),
    }
    live = select(Sequence.id).where(Sequence.state == SequenceState.LIVE).order_by(Sequence.id).limit(1)
    if course := session.scalar(live):
        done: dict[str, Any] = {"is": "on_course", "course": course, "place": "finished"}
        alone["finished"] = ("Finished the course, did not book", [done, {"not": {"is": "booked"}}])
    return {key: (name, {"all": [{"all": lines}]}) for key, (name, lines) in alone.items()}


def _saved(session: OrmSession, segment_id: int | None) -> SavedSegment:
    return session.get(SavedSegment, segment_id) or abort(HTTPStatus.NOT_FOUND)
