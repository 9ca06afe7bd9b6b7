"""The filter above a list of people: what was chosen in it, what can be, and what is set in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from funnel.audience import segments, tags
from funnel.audience.segment import Segment, Trait
from funnel.insight import people, subjects
from funnel.models.content import EnrolmentState, Sequence
from funnel.web.owner import words

TRAITS = {
    Trait.NEARLY: "clicked a booking link, did not book",
    Trait.BOOKED: "booked",
    Trait.PAUSED: "paused",
    Trait.QUIET: "no click in 90 days",
    Trait.SUPPRESSED: "not to be mailed",
}
PLACES = {
    EnrolmentState.ACTIVE: "on it now",
    EnrolmentState.FINISHED: "finished it",
    EnrolmentState.STOPPED: "stopped before its end",
}
NAMES = {
    "state": "state", "tag": "tag", "source": "source", "form": "form", "since": "first day", "until": "last day",
    "course": "course", "place": "place in the course", "step": "next mail", "trait": "what they did",
    "saved": "segment",
}  # fmt: skip


@dataclass(frozen=True)
class Choices:
    """What a filter can be set to, each by the argument that means it."""

    tags: dict[int, str]
    came: dict[str, str]
    at: dict[str, dict[str, str]]  # by course
    saved: dict[int, str]


def chosen() -> dict[str, list[str]]:
    """The arguments of this request, as a segment is read from them."""
    given = {name: request.values.getlist(name) for name in request.values}
    # Two choices that each stand for one of several parts.
    kind, _, value = given.pop("came", [""])[0].partition("-")
    if kind in ("form", "source"):
        given[kind] = [value]
    course, _, place = given.pop("at", [""])[0].partition("-")
    if course == "step":
        given["step"] = [place]
    elif course:
        given["course"], given["place"] = [course], [place]
    return given


def choices(session: Session) -> Choices:
    sources = {f"source-{name}": name or "no source named" for name in people.sources(session)}
    forms = {f"form-{number}": f"the form “{title}”" for number, title in people.forms(session).items()}
    at: dict[str, dict[str, str]] = {}
    for course in session.scalars(select(Sequence).options(selectinload(Sequence.steps)).order_by(Sequence.id)):
        options = {str(course.id): "was ever on it"}
        options |= {f"{course.id}-{state}": said for state, said in PLACES.items()}
        options |= {
            f"step-{step.id}": f"next: {number}. {subjects.shown(step.subject)}"
            for number, step in enumerate(course.steps, 1)
        }
        at[course.title] = options
    return Choices(tags.names(session), sources | forms, at, segments.names(session))


def came(segment: Segment) -> str:
    """The choice of where they came from that the segment is set to."""
    if segment.form is not None:
        return f"form-{segment.form}"
    return f"source-{segment.source}" if segment.source is not None else ""


def at(segment: Segment) -> str:
    """The choice of their place in a course that the segment is set to."""
    if segment.step is not None:
        return f"step-{segment.step}"
    if segment.course is None:
        return ""
    return f"{segment.course}-{segment.place}" if segment.place else str(segment.course)


def said(segment: Segment, known: Choices) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part of the segment in words, and the arguments of the same segment without it."""
    if segment.q:
        yield f"“{segment.q}”", segment.without("q").plain()
    if segment.state:
        yield words.PERSON_STATES[segment.state][0], segment.without("state").plain()
    if segment.saved is not None:
        yield f"in the segment “{known.saved.get(segment.saved, 'a deleted one')}”", segment.without("saved").plain()
    if segment.tag is not None:
        yield f"tagged “{known.tags.get(segment.tag, 'a deleted tag')}”", segment.without("tag").plain()
    for part, key in (("form", came(segment)), ("source", came(segment) if segment.form is None else "")):
        if getattr(segment, part) is not None:
            yield f"came by {known.came.get(key, 'what is no more')}", segment.without(part).plain()
    if segment.since:
        yield f"joined from {words.day(segment.since)}", segment.without("since").plain()
    if segment.until:
        yield f"joined until {words.day(segment.until)}", segment.without("until").plain()
    if key := at(segment):
        titled = [f"{title}: {options[key]}" for title, options in known.at.items() if key in options]
        rest = segment.without("step").without("course").without("place")
        yield (titled or ["a course that is no more"])[0], rest.plain()
    for trait in sorted(segment.trait):
        yield TRAITS[trait], segment.without("trait", trait).plain()
