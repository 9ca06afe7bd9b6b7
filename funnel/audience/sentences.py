"""What a line of evidence says, in a sentence: what a reader chose, what the owner did to them, alone or among many."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from funnel import languages
from funnel.config import settings
from funnel.models.bulk import BulkAction
from funnel.models.choices_made import Chose
from funnel.models.content import Sequence
from funnel.models.tags import Tag

Detail = Mapping[str, Any]

CHOSE = {
    Chose.PAUSE: "Paused for 30 days",
    Chose.GO_ON: "Ended the pause",
    Chose.MONTHLY: "Chose one newsletter a month, and no course",
    Chose.ALL: "Chose every newsletter again",
    Chose.NO_COURSE: "Ended the course, and kept the newsletters",
    Chose.TOPICS: "Chose topics",
    Chose.LANGUAGE: "Chose another language",
    Chose.NAME: "Corrected the name",
    Chose.ADDRESS: "Moved to another address, and confirmed it there",
}
# By what the audit calls it: with what is known of it, and without.
DEEDS = {
    "added a person by hand": ("Added them by hand", ""),
    "asked a person again to confirm": ("Asked them again to confirm", ""),
    "corrected what is kept of a person": ("Corrected what is kept of them", "Corrected their {name}"),
    "deleted everything about a person": ("Deleted everything about them", ""),
    "ended a person's pause": ("Ended their pause", ""),
    "let in what was refused": ("Let in their sign-up, which had been refused", ""),
    "lifted the suppression of a person's address": ("Allowed their address to be mailed again", ""),
    "marked a person as booked": ("Marked them as booked", ""),
    "merged another entry into a person": ("Merged another entry into theirs", "Merged entry {merged} into theirs"),
    "moved a person on in the course": ("Moved them in the course", ""),
    "paused a person": ("Paused them", "Paused them until {until}"),
    "put a person on a course": ("Put them on a course", "Put them on the course “{course}”"),
    "put a tag on a person": ("Put a tag on them", "Put the tag “{name}” on them"),
    "refused again what was let in": ("Took back that their sign-up was let in", ""),
    "sent a person their next mail at once": ("Sent them their next mail at once", ""),
    "stopped a person's course": ("Stopped their course", ""),
    "suppressed a person's address": ("Decided that their address is never mailed", ""),
    "took a tag off a person": ("Took a tag off them", "Took the tag “{name}” off them"),
    "took up a person's course again": ("Let their course go on", ""),
    "unsubscribed a person": ("Unsubscribed them", ""),
}
MANY = {
    BulkAction.TAG: ("Put a tag on them", "Put the tag “{tag}” on them"),
    BulkAction.UNTAG: ("Took a tag off them", "Took the tag “{tag}” off them"),
    BulkAction.PAUSE: ("Paused them", "Paused them until {until}"),
    BulkAction.RESUME: ("Ended their pause", ""),
    BulkAction.STOP: ("Stopped their course", ""),
    BulkAction.ENROL: ("Put them on a course", "Put them on the course “{sequence}”"),
    BulkAction.UNSUBSCRIBE: ("Unsubscribed them", ""),
    BulkAction.ERASE: ("Deleted everything about them", ""),
}


def chosen(chose: Chose, detail: Detail) -> str:
    """What they chose; of somebody erased, of whom the detail is gone, only what it was about."""
    if chose is Chose.LANGUAGE and "after" in detail:
        before, after = (languages.named(detail[name]).in_english for name in ("before", "after"))
        return f"Language: {before} → {after}" if before != after else f"Tried other languages, and kept {after}"
    if chose is Chose.TOPICS and detail:
        ways = (("Does not want", detail.get("off")), ("wants again", detail.get("on")))
        said = "; ".join(f"{way}: {', '.join(names)}" for way, names in ways if names)
        return said[:1].upper() + said[1:] or "Changed topics, and changed them back"
    return CHOSE[chose]


def pressed(detail: Detail) -> str:
    """That they chose to and fro, of which the line is the last; '' when they chose once."""
    if "times" not in detail:
        return ""
    return f"the last of {detail['times']} changes since {_moment(detail['since'])}"


def done(session: Session, action: str, detail: Detail) -> str:
    """What the owner did to them, by what the audit calls it."""
    return _filled(session, *DEEDS.get(action, (action[:1].upper() + action[1:], "")), detail)


def done_to_many(session: Session, action: BulkAction, detail: Detail, undone: bool) -> str:
    """The same of what was done to many at once."""
    undoing = ", which was undone" if undone else ""
    return f"{_filled(session, *MANY[action], detail)}, with others at once{undoing}"


def _filled(session: Session, plain: str, full: str, detail: Detail) -> str:
    known = {name: _named(session, name, value) for name, value in detail.items()} if full else {}
    needed = [name for name in known if f"{{{name}}}" in full]
    return full.format(**known) if needed and all(known[name] for name in needed) else plain


def _named(session: Session, name: str, value: Any) -> str:
    """The tag, course or time that a detail means; '' for one that is gone."""
    if name == "until":
        return _moment(value)
    if name == "tag":
        tag = session.get(Tag, value)
        return tag.name if tag else ""
    if name in ("course", "sequence"):
        course = session.get(Sequence, value)
        return course.title if course else ""
    return str(value)


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(settings().zone).strftime("%-d %B %Y, %H:%M")
