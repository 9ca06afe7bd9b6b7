"""Saved segments: kept under a name, changed, deleted; and put into the place where a rule names one."""

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from funnel.audience import rule as rules
from funnel.audience.line import Line
from funnel.audience.lines_of_person import InSegment, Tagged
from funnel.audience.rule import Plain, Rule, RuleError, each
from funnel.audience.segment import Segment
from funnel.audience.signup import HIDDEN
from funnel.models.content import Newsletter, NewsletterState, Sequence, Step
from funnel.models.people import Form
from funnel.models.rhythms import Rhythm
from funnel.models.segments import SavedSegment
from funnel.models.tags import Tag

LONGEST = 60
TAKEN = "There is a segment “{}” already."
GONE = "Please choose another: what this line names is there no more."
CIRCLE = "A segment may not name itself, nor one that names it."

_NAMED: dict[str, Any] = {
    "tag": Tag, "form": Form, "course": Sequence, "step": Step, "newsletter": Newsletter, "segment": SavedSegment,
}  # fmt: skip


class BadNameError(ValueError):
    """A name that is none, or another segment's: in words for an owner."""


class UsedError(ValueError):
    """What is to be deleted is named by segments, newsletters or regular ones: `by`, what they are called."""

    def __init__(self, by: list[str]) -> None:
        super().__init__("It is named elsewhere.")
        self.by = by


def every(session: Session) -> list[SavedSegment]:
    """All of them, by name."""
    return list(session.scalars(select(SavedSegment).order_by(SavedSegment.name)))


def names(session: Session) -> dict[int, str]:
    found = select(SavedSegment.id, SavedSegment.name).order_by(SavedSegment.name)
    return {row.id: row.name for row in session.execute(found)}


def keep(session: Session, name: str, plain: Plain, now: datetime, segment_id: int | None = None) -> SavedSegment:
    """Saves a new segment, or the one of that id. Raises BadNameError and RuleError; what is kept is then unchanged."""
    rule = rules.read(plain)
    tidy = _tidy(name)
    check(session, rule, segment_id)
    taken = session.scalar(select(SavedSegment.id).where(SavedSegment.name == tidy))
    if taken not in (None, segment_id):
        raise BadNameError(TAKEN.format(tidy))
    found = session.get_one(SavedSegment, segment_id) if segment_id else SavedSegment(created_at=now)
    try:
        with session.begin_nested():
            found.name, found.rule, found.updated_at = tidy, rules.write(rule), now
            session.add(found)
    except IntegrityError:  # somebody saved another one of this name at the same moment
        raise BadNameError(TAKEN.format(tidy)) from None
    return found


def remove(session: Session, segment_id: int) -> None:
    """Deletes the segment; nobody in it changes. Raises UsedError while another segment, a draft or a rhythm names it.

    A newsletter that was scheduled to it has a rule of its own, and keeps it.
    """
    found = session.get_one(SavedSegment, segment_id, with_for_update=True)
    drafts = select(Newsletter).where(Newsletter.state == NewsletterState.DRAFT).order_by(Newsletter.id)
    by = [f"the segment “{one.name}”" for one in every(session) if segment_id in _named_in(rules.read(one.rule))]
    kept = select(Rhythm.name).where(Rhythm.segment_id == segment_id).order_by(Rhythm.id)
    by += [f"the regular newsletter “{name}”" for name in session.scalars(kept)]
    by += [f"the newsletter “{one.subject}”" for one in session.scalars(drafts) if _is_to(one, segment_id)]
    if by:
        raise UsedError(by)
    session.delete(found)
    session.flush()


def hold(session: Session, ids: Iterable[int], changed: int | None = None) -> None:
    """Lets none of these segments be deleted until the transaction ends, nor `changed` be changed by another."""
    for number in sorted(ids):  # in this order, for whoever deletes a tag holds all of them (tag_uses)
        own = number == changed
        row = select(SavedSegment.id).where(SavedSegment.id == number)
        session.execute(row.with_for_update() if own else row.with_for_update(read=True, key_share=True))


def check(session: Session, rule: Rule, segment_id: int | None = None) -> None:
    """Raises RuleError, naming the place, where the rule names what is not there, or leads back to `segment_id`.

    What it names stays there until the transaction ends.
    """
    hold(session, {*_named_in(rule), *([segment_id] if segment_id else [])}, segment_id)
    named = {line.tag for _, line in each(rule) if isinstance(line, Tagged)}
    tags = select(Tag.id).where(Tag.id.in_(named)).order_by(Tag.id)
    session.execute(tags.with_for_update(read=True, key_share=True))
    for place, line in each(rule):
        for part, table in _NAMED.items():
            if hasattr(line, part) and session.get(table, getattr(line, part), populate_existing=True) is None:
                raise RuleError(GONE, place)
        if isinstance(line, InSegment):
            try:
                _unfold(session, line, (segment_id,) if segment_id else ())
            except RuleError as error:
                raise RuleError(error.words, place) from None


def unfolded(session: Session, plain: Plain | None) -> Plain | None:
    """The rule with those of the segments that it names in their place, as they are now.

    Raises RuleError where one is gone, or leads in a circle.
    """
    return None if plain is None else rules.write(read(session, plain))


def read(session: Session, plain: Plain) -> Rule:
    """The same, as a rule that can be asked."""
    return rules.changed(rules.read(plain), lambda line: _unfold(session, line, ()))


def looked_up(session: Session, segment: Segment) -> Segment:
    """The segment of a list with the rule of the saved one it names. Raises RuleError where that cannot be asked."""
    if segment.saved is None:
        return segment
    found = session.get(SavedSegment, segment.saved)
    if found is None:
        raise RuleError(GONE)
    return replace(segment, rule=read(session, found.rule))


def _unfold(session: Session, line: Line, above: tuple[int, ...]) -> Rule:
    if not isinstance(line, InSegment):
        return line
    if line.segment in above:
        raise RuleError(CIRCLE)
    found = session.get(SavedSegment, line.segment)
    if found is None:
        raise RuleError(GONE)
    return rules.changed(rules.read(found.rule), lambda inner: _unfold(session, inner, (*above, line.segment)))


def _is_to(issue: Newsletter, segment_id: int) -> bool:
    return issue.segment_id == segment_id or (
        issue.rule is not None and segment_id in _named_in(rules.read(issue.rule))
    )


def _named_in(rule: Rule) -> Iterable[int]:
    return {line.segment for _, line in each(rule) if isinstance(line, InSegment)}


def _tidy(name: str) -> str:
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy:
        raise BadNameError("Please type a name.")
    if len(tidy) > LONGEST:
        raise BadNameError(f"Please shorten the name to {LONGEST} signs or fewer.")
    if any(unicodedata.category(sign) in HIDDEN for sign in tidy):
        raise BadNameError("There is a hidden sign in this name. Please type it afresh instead of pasting it.")
    return tidy
