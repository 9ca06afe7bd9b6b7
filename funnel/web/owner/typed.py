"""What stands in an editor's form at this moment: the words, what is to be said of them, and as whom they are seen."""

from dataclasses import dataclass
from datetime import datetime

from flask import request
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.insight import readers
from funnel.mail import targets
from funnel.mail.press import house
from funnel.models.people import Subscriber
from funnel.programme import check, inbox, merge
from funnel.programme.check import Check, State
from funnel.web.owner.look import Content, Look

LONGEST_LINE = 2_000
PARTS = ("html", "text")  # of a mail
SAMPLE, NAMELESS, LONG, PERSON = READERS = ("sample", "nameless", "long", "person")
NAMES = {SAMPLE: "Rosalind", NAMELESS: "", LONG: "Maximiliana-Theodora Alexandrowna von Hohenstein-Wolkenburg"}

IN_PART = "X-Part"  # the header of a request whose answer goes into a page that is there already
COPY = "typed"  # the form that holds a copy of what was typed, on a page of its own


@dataclass(frozen=True)
class Inbox:
    """A mail's line in the list of mails, as a phone cuts it, and for whom."""

    sender: str
    subject: str
    preheader: str
    reader: str


@dataclass(frozen=True)
class Ready:
    """What an editor says of a text beside its preview."""

    checks: list[Check]
    links: int  # to other sites
    waiting: int  # of those, how many a worker is still to look at
    inbox: Inbox | None = None  # of what is mailed

    @property
    def worst(self) -> State:
        return check.worst(self.checks)


@dataclass(frozen=True)
class Reader:
    """As whom a mail is shown: a person of ours, or somebody made up, who has no id. `words` say who that is."""

    person: Subscriber
    words: str


def content(look: Look) -> Content:
    """The words as typed."""
    return look.cleaned(request.form)


def number(name: str) -> int:
    """A number of the form; 0 where none stands."""
    found = request.form.get(name, 0, type=int)
    return found if 0 <= found < 1 << 63 else 0


def reader(session: OrmSession) -> Reader:
    """Who it is shown as; somebody made up where nobody is chosen or found."""
    chosen = chosen_among("reader", READERS)
    if chosen != PERSON:
        person = Subscriber(first_name=NAMES[chosen])
        said = {SAMPLE: "somebody made up", NAMELESS: "somebody who gave no name", LONG: "somebody with a long name"}
        return Reader(person, said[chosen])
    wanted = request.form.get("reader_words", "")[:LONGEST_LINE].replace("\x00", "").strip()
    found = readers.matching(session, wanted)
    person = session.get_one(Subscriber, found[0].id) if found else Subscriber(first_name=NAMES[SAMPLE])
    if not wanted:
        return Reader(person, "somebody made up, since no name or address was typed")
    if not found:
        return Reader(person, f"somebody made up: nobody’s name or address begins with “{wanted}”")
    others = f"; {len(found) - 1} more begin like that" if len(found) > 1 else ""
    return Reader(person, found[0].named + others)


def ready(
    session: OrmSession, look: Look, content: Content, number: int, shown_as: Reader | None, now: datetime
) -> Ready | None:
    """The list of checks of what is typed, and of a mail its line in the list of mails; None of what has no list."""
    if look.checks is None:
        return None
    links, waiting = targets.progress(look.links(session, content, number))
    line = _inbox(content, shown_as) if look.sketch else None
    return Ready(look.checks(session, content, number, now), links, waiting, line)


def _inbox(content: Content, shown_as: Reader | None) -> Inbox:
    name = {"first_name": shown_as.person.first_name if shown_as else ""}
    subject, preheader = (_filled(content.get(field, "").strip(), name) for field in ("subject", "preheader"))
    return Inbox(
        sender=inbox.cut(settings().practice_name, inbox.SENDER_SIGNS),
        subject=inbox.cut(subject, inbox.SUBJECT_SIGNS),
        preheader=inbox.cut(preheader, inbox.PREHEADER_SIGNS),
        reader=shown_as.words if shown_as else "",
    )


def in_part() -> bool:
    """Whether the answer goes into a page that is there already."""
    return IN_PART in request.headers


def chosen_among(name: str, choices: tuple[str, ...]) -> str:
    """The choice made for `name`; the first where none of them was."""
    found = request.form.get(name, "")
    return found if found in choices else choices[0]


def _filled(text: str, values: dict[str, str]) -> str:
    """A line with its tags filled, or as it was typed where one of them is refused."""
    known = dict.fromkeys(merge.NAMES, "") | house(settings()) | values
    try:
        return merge.fill(text, known)
    except merge.BadTags:
        return text
