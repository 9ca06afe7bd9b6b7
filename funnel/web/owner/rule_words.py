"""What the lines of a rule are called: all that can be chosen for one, in words that follow “those who …”."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from funnel.audience import lines, segments, tags
from funnel.audience.line import Line
from funnel.insight import people, subjects
from funnel.models.content import Newsletter, Sequence
from funnel.programme import outgoing
from funnel.web.owner import words

MOST_ISSUES = 50
GONE = "something that is no more"
# With values of their own, typed beside the choice.
DAYS, SPAN, TEXT = ("quiet", "clicked"), ("joined",), ("called",)
PLACES = {
    "now": "are in “{}” now",
    "finished": "finished “{}”",
    "stopped": "stopped “{}” before its end",
    "ever": "were ever in “{}”",
}

Offered = dict[str, dict[str, str]]


def offered(session: Session, without: int | None = None) -> Offered:
    """The choices of a line by their group; not the segment `without`, which is being made."""
    groups = {
        "What they did": {
            "booked": "booked",
            "nearly_booked": "clicked a booking link and did not book",
            "clicked": "clicked something in the last … days",
            "quiet": "clicked nothing in the last … days",
        },
        "Who they are": {
            "everybody": "may be written to (everybody)",
            "joined": "signed up from … to …",
            "called": "have an address or name with …",
            "pace:monthly": "want one newsletter a month and no course",
        },
        "Came by": {
            f"came_by:{one}": f"came by “{one}”" if one else "came by no source named" for one in _ways(session)
        },
        "Form": {f"by_form:{number}": f"came by the form “{title}”" for number, title in people.forms(session).items()},
        "Tag": {f"tagged:{number}": f"bear the tag “{name}”" for number, name in tags.names(session).items()},
        **dict(_courses(session)),
        "Newsletters": dict(_issues(session)),
        "Your segments": {
            f"segment:{number}": f"are in the segment “{name}”"
            for number, name in segments.names(session).items()
            if number != without
        },
    }
    return {title: choices for title, choices in groups.items() if choices}


def said(line: Line, known: Offered) -> str:
    """One line in words: “clicked nothing in the last 90 days”."""
    plain = lines.write(line)
    if line.kind in DAYS:
        did = "nothing" if line.kind == "quiet" else "something"
        return f"clicked {did} in the last {words.counted(plain['days'], 'day')}"
    if line.kind in SPAN:
        first, last = (getattr(line, name) for name in ("since", "until"))
        parts = [f"from {words.day(first)}" if first else "", f"until {words.day(last)}" if last else ""]
        return f"signed up {' '.join(part for part in parts if part)}"
    if line.kind in TEXT:
        return f"have an address or name with “{plain['words']}”"
    wanted = choice(plain)
    found = [choices[wanted] for choices in known.values() if wanted in choices]
    return found[0] if found else GONE


def choice(plain: dict[str, Any]) -> str:
    """The choice that a line's JSON is made from."""
    values = [str(value) for name, value in plain.items() if name not in ("is", "days", "since", "until", "words")]
    return ":".join([plain["is"], "-".join(values)]) if values else str(plain["is"])


def _ways(session: Session) -> list[str]:
    return people.sources(session)


def _courses(session: Session) -> Iterator[tuple[str, dict[str, str]]]:
    for course in session.scalars(select(Sequence).options(selectinload(Sequence.steps)).order_by(Sequence.id)):
        places = {f"on_course:{course.id}-{place}": said.format(course.title) for place, said in PLACES.items()}
        mails = {
            f"awaits:{step.id}": f"wait for mail {number}, “{subjects.shown(step.subject)}”"
            for number, step in enumerate(course.steps, 1)
        }
        yield f"Course: {course.title}", places | mails


def _issues(session: Session) -> Iterator[tuple[str, str]]:
    whole = or_(Newsletter.part.is_(None), Newsletter.part.not_in(outgoing.WORDINGS))
    newest = select(Newsletter.id, Newsletter.subject).where(whole).order_by(Newsletter.id.desc())
    for number, subject in session.execute(newest.limit(MOST_ISSUES)):
        called = subjects.shown(subject)
        yield f"got_issue:{number}", f"had the newsletter “{called}”"
        yield f"clicked_issue:{number}", f"clicked a link in “{called}”"
