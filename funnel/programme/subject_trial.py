"""A trial of two subjects: who gets which, chosen by a hash of the issue and the person.

So it is chance, and yet the same whoever looks and whenever. Which subject is better is told in `contest`.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, and_, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Session

from funnel.languages import ENGLISH
from funnel.models.content import Newsletter, Part
from funnel.models.mail import Message, MessageKind
from funnel.models.people import Subscriber
from funnel.models.translations import Translation
from funnel.programme import calendar, content_fields

# With 500 each, a subject that makes 8 of 100 click instead of 4 is told from the other four times in five, at
# contest.SURE; with fewer it is more a guess than a trial.
LEAST_EACH = 500
LEAST = 2 * LEAST_EACH
PERCENTS = range(1, 101)
HOURS = range(1, 73)
SHARES = 10_000  # of which one percent of the people are a hundred

TOO_FEW = (
    f"A trial needs {LEAST:,} people, {LEAST_EACH} for each subject: with fewer, even a subject that twice as many "
    "people click goes unnoticed more than one time in five."
)
SAME = "The two subjects are the same."
NO_SECOND = "The second subject is empty."
WRONG_SHARE = "The share is a whole number from 1 to 100."
WRONG_HOURS = "The trial lasts from 1 to 72 hours."
ONE_CLOCK = "Two subjects are tried at one moment for all, not by each reader's clock."


class BadTrial(ValueError):  # noqa: N818 (it names what was found)
    """A trial that makes no sense or could tell nothing; in words for the owner."""


@dataclass(frozen=True)
class Trial:
    """`subject`: the second one. It is tried on `percent` of the people, and decided `hours` after that."""

    subject: str
    percent: int
    hours: int


def end(issue: Newsletter, left_at: datetime) -> datetime:
    """When a trial is decided whose mails had left by then."""
    return left_at + calendar.days((issue.trial_hours or 0) / 24)


def check(trial: Trial, first: str, people: int) -> None:
    """Raises BadTrial for one that is not to be made, of `people` who would get the issue."""
    faults = {
        NO_SECOND: not trial.subject.strip(),
        SAME: trial.subject.strip() == first.strip(),
        WRONG_SHARE: trial.percent not in PERCENTS,
        WRONG_HOURS: trial.hours not in HOURS,
    }
    for words, wrong in faults.items():
        if wrong:
            raise BadTrial(words)
    if problems := content_fields.value("subject", trial.subject, content_fields.subject)[1]:
        raise BadTrial(f"The second one: {problems[0].text}")
    if people < needed(trial.percent):
        raise BadTrial(f"{TOO_FEW} At {trial.percent} % that is {needed(trial.percent):,} people in all.")


def needed(percent: int) -> int:
    """How many people must get an issue for a trial on `percent` of them to tell anything."""
    return -(-LEAST * 100 // percent)


def tried(issue: Newsletter, part: Part) -> ColumnElement[bool]:
    """Which subscribers get this part of the issue."""
    share, half = _share(issue.id), (issue.trial_percent or 0) * SHARES // 200
    sees_them = ~reads_translation(issue.id)
    if part is Part.A:
        return and_(share < half, sees_them)
    if part is Part.B:
        return and_(share.between(half, 2 * half - 1), sees_them)
    # Who came, or confirmed, after the trial had been looked through for was tried on nothing.
    mail = select(Message.id).where(
        Message.kind == MessageKind.NEWSLETTER, Message.key == func.concat(f"newsletter:{issue.id}:", Subscriber.id)
    )
    return or_(share >= 2 * half, ~mail.correlate(Subscriber).exists())


def reads_translation(issue_id: int) -> ColumnElement[bool]:
    """Who sees neither subject: a translation has one of its own. They get the issue with the rest."""
    mine = Translation.newsletter_id == issue_id, Translation.in_use, Translation.language == Subscriber.language
    return exists().where(*mine, Translation.language != ENGLISH)


def wording(session: Session, issue: Newsletter, part: Part, now: datetime) -> Newsletter:
    """The part of the issue, made where there is none yet. Hold the issue."""
    found = session.scalar(select(Newsletter).where(Newsletter.parent_id == issue.id, Newsletter.part == part))
    if found is None:
        second = part is Part.B or (part is Part.REST and issue.winner is Part.B)
        found = Newsletter(
            parent_id=issue.id,
            part=part,
            subject=(issue.subject_b or "") if second else issue.subject,
            preheader=issue.preheader,
            body=issue.body,
            sources=issue.sources,
            state=issue.state,
            topic_id=issue.topic_id,
            in_archive=issue.in_archive,
            created_at=now,
        )
        session.add(found)
        session.flush()
    return found


def _share(issue_id: int) -> ColumnElement[int]:
    """From 0 to SHARES, by 32 bits of an MD5: nobody's secret, and the same in every version of PostgreSQL."""
    said = func.md5(func.concat(literal(issue_id), ":", Subscriber.id))
    return cast(cast(func.concat("x", func.left(said, 8)), BIT(32)), BigInteger) % SHARES
