"""What stands in an editor's form at this moment: the words, what they are to be, and as whom they are looked at."""

from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.insight import readers
from funnel.mail import readiness, targets
from funnel.mail.press import Course, Words, house
from funnel.mail.sketch import KINDS, NEW_COURSE, STEP, Sketch
from funnel.models.content import Sequence
from funnel.models.people import Subscriber
from funnel.programme import check, inbox, merge
from funnel.programme.check import Check, State

LONGEST_WORDS = 200_000  # of a body: twice what a mail may weigh, so that it is refused in words
LONGEST_LINE = 2_000
LOOKS, WIDTHS, SCHEMES = ("html", "text"), ("phone", "desktop"), ("light", "dark")
SAMPLE, NAMELESS, LONG, PERSON = READERS = ("sample", "nameless", "long", "person")
NAMES = {SAMPLE: "Rosalind", NAMELESS: "", LONG: "Maximiliana-Theodora Alexandrowna von Hohenstein-Wolkenburg"}


IN_PART = "X-Part"  # the header of a request whose answer goes into a page that is there already
COPY = "typed"  # the form that holds a copy of what was typed, on a page of its own


@dataclass(frozen=True)
class Ready:
    """What an editor says of a mail beside its preview."""

    sender: str
    subject: str  # as a phone cuts it
    preheader: str
    reader: str
    checks: list[Check]
    links: int  # to other sites
    waiting: int  # of those, how many a worker is still to look at

    @property
    def worst(self) -> State:
        return check.worst(self.checks)


@dataclass(frozen=True)
class Reader:
    """As whom a mail is shown: a person of ours, or somebody made up, who has no id. `words` say who that is."""

    person: Subscriber
    words: str


def sketch(session: OrmSession) -> Sketch:
    """The words as typed. What is no kind of ours is a step's."""
    form = request.form
    kind = form.get("kind", STEP)
    words = Words(
        _text("subject", LONGEST_LINE).strip(), _text("preheader", LONGEST_LINE).strip(), _text("body", LONGEST_WORDS)
    )
    return Sketch(kind if kind in KINDS else STEP, words, _text("sources", LONGEST_WORDS), _course(session))


def reader(session: OrmSession) -> Reader:
    """Who it is shown as; somebody made up where nobody is chosen or found."""
    chosen = chosen_among("reader", READERS)
    if chosen != PERSON:
        person = Subscriber(first_name=NAMES[chosen])
        said = {SAMPLE: "somebody made up", NAMELESS: "somebody who gave no name", LONG: "somebody with a long name"}
        return Reader(person, said[chosen])
    wanted = _text("reader_words", LONGEST_LINE).strip()
    found = readers.matching(session, wanted)
    person = session.get_one(Subscriber, found[0].id) if found else Subscriber(first_name=NAMES[SAMPLE])
    if not wanted:
        return Reader(person, "somebody made up, since no name or address was typed")
    if not found:
        return Reader(person, f"somebody made up: nobody’s name or address begins with “{wanted}”")
    others = f"; {len(found) - 1} more begin like that" if len(found) > 1 else ""
    return Reader(person, found[0].named + others)


def ready(session: OrmSession, said: Sketch, shown_as: Reader | None, now: datetime) -> Ready:
    """The list of checks, and the line in the list of mails, of `said`."""
    name = {"first_name": shown_as.person.first_name if shown_as else ""}
    subject, preheader = (_filled(text, name) for text in (said.words.subject, said.words.preheader))
    links, waiting = targets.progress(readiness.to_look_at(said))
    return Ready(
        sender=inbox.cut(settings().practice_name, inbox.SENDER_SIGNS),
        subject=inbox.cut(subject, inbox.SUBJECT_SIGNS),
        preheader=inbox.cut(preheader, inbox.PREHEADER_SIGNS),
        reader=shown_as.words if shown_as else "",
        checks=readiness.checks(session, said, now),
        links=links,
        waiting=waiting,
    )


def in_part() -> bool:
    """Whether the answer goes into a page that is there already."""
    return IN_PART in request.headers


def chosen_among(name: str, choices: tuple[str, ...]) -> str:
    """The choice made for `name`; the first where none of them was."""
    found = request.form.get(name, "")
    return found if found in choices else choices[0]


def _text(name: str, most: int) -> str:
    """A field as typed, lines ended by a line feed; the database takes no NUL."""
    return request.form.get(name, "")[:most].replace("\r\n", "\n").replace("\x00", "")


def _course(session: OrmSession) -> Course:
    number = request.form.get("course", type=int)
    sequence = session.scalar(select(Sequence).where(Sequence.id == number)) if number and number < 1 << 63 else None
    slug = request.form.get("step", "") or NEW_COURSE.step
    return Course(sequence.title, sequence.slug, slug) if sequence else NEW_COURSE


def _filled(text: str, values: dict[str, str]) -> str:
    """A line with its tags filled, or as it was typed where one of them is refused."""
    known = dict.fromkeys(merge.NAMES, "") | house(settings()) | values
    try:
        return merge.fill(text, known)
    except merge.BadTags:
        return text
