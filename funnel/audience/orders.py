"""Orders: an issue is scheduled once it is known whom it reaches; and a resend is made of one that was sent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from funnel import languages
from funnel.audience import addressees, segments
from funnel.audience import rule as rules
from funnel.models.content import Newsletter, NewsletterState, Part, ZoneMode
from funnel.models.topics import Topic
from funnel.programme import outgoing, subject_trial, translations
from funnel.programme.outgoing import NotNow, Order
from funnel.programme.subject_trial import BadTrial

NOBODY = "Nobody would get it: no subscriber fits who may be mailed."
ONCE = "It was sent again once, to those who did not click. A second time would be too much."
THROWN_AWAY = (
    "It was to be sent again, and the draft of that was thrown away. "
    "Fetch it back: open it, then “Make it a draft again”."
)
NOT_SENT = "It can be sent again once all of it has been sent."
SAME_IN = "In {} it has the same subject as the first time. Give it another there, or leave that translation out."
SAME_AGAIN = "Give it another subject: with the same one, they would pass it by again."
RETIRED = "Its topic is retired: readers are not offered it any more. Choose another for it, or none."
NOT_OF_ONE = "This was itself sent again: once is enough."


class SameAgain(NotNow):
    """A resend has a subject that those whom it is for have passed by, in this language."""

    def __init__(self, words: str, language: str) -> None:
        super().__init__(words)
        self.language = language


def place(session: Session, issue_id: int, order: Order, now: datetime) -> Newsletter:
    """Schedules the issue by `order`. Raises NotNow, BadTrial, and RuleError for a rule that makes no sense.

    Segments that the rule names are those of now: what becomes of them later does not change whom it is for. One that
    is sent again keeps the rule it was sent by: who is not of those any more is not asked again.
    Unless an owner said otherwise, everybody may read in the archive what goes to everybody, and nothing else.
    It may be taken back (`outgoing.unschedule`) until it starts, five minutes from now at the earliest.
    """
    before = _before(session, issue_id, order)
    rule = before.rule if before else order.rule
    order = replace(order, rule=segments.unfolded(session, rule))
    if order.rule is not None:
        segments.check(session, rules.read(order.rule))
    issue = outgoing.schedule(session, issue_id, order, now)
    if issue.part is None and issue.archive_set_at is None:
        issue.in_archive = order.rule is None
    whom = addressees.chosen(issue, now)
    if not addressees.count(session, whom, 1):
        raise NotNow(NOBODY)
    if before:
        _refuse_subject(before, issue.subject)
        said = translations.in_use(session, issue.id)
        _refuse_same(session, before.id, {code: row.subject for code, row in said.items()})
    if order.trial:
        if issue.zone_mode is ZoneMode.READER:
            raise BadTrial(subject_trial.ONE_CLOCK)
        wanted = subject_trial.needed(order.trial.percent) if order.trial.percent > 0 else 1
        triable = and_(whom, ~subject_trial.reads_translation(issue_id))
        subject_trial.check(order.trial, issue.subject, addressees.count(session, triable, wanted))
    return issue


def resend(
    session: Session, issue_id: int, subject: str, now: datetime, subjects: Mapping[str, str] = {}
) -> Newsletter:
    """A draft of the same words with another subject, for those who got the issue and did not click. Raises NotNow.

    It is scheduled as any other; whom it is for is looked up as it starts. `subjects`: another one in each language
    that the issue is said in; where there is none, its translation is left out, and its readers get the original.
    """
    issue = _sent_once(session, issue_id)
    subject = subject.strip()
    if not subject:
        raise NotNow(outgoing.NO_SUBJECT)
    _refuse_subject(issue, subject)
    others = {code: tidy for code, words in subjects.items() if (tidy := words.strip())}
    _refuse_same(session, issue_id, others)
    again = Newsletter(
        parent_id=issue_id,
        part=Part.RESEND,
        subject=subject,
        preheader=issue.preheader,
        body=issue.body,
        rule=issue.rule,
        with_course=issue.with_course,
        topic_id=issue.topic_id,
        in_archive=issue.in_archive,
        created_at=now,
        sources=issue.sources,
    )
    session.add(again)
    session.flush()
    for said in translations.copy(session, issue_id, again.id, now, why="sent again"):
        if other := others.get(said.language):
            words = translations.typed(said) | {"subject": other}
            translations.say(session, said, words, owner_id=None, why="sent again", now=now)
            translations.use(session, said, now)
    return again


def _sent_once(session: Session, issue_id: int) -> Newsletter:
    """The issue, locked. Raises NotNow where it is none that can be sent again."""
    issue = session.get(Newsletter, issue_id, with_for_update=True, populate_existing=True)
    if issue is None or issue.part in outgoing.WORDINGS:
        raise NotNow(outgoing.NO_ISSUE)
    if issue.part is Part.RESEND:
        raise NotNow(NOT_OF_ONE)
    if issue.state is not NewsletterState.SENT:
        raise NotNow(NOT_SENT)
    if before := resent(session, issue_id):
        raise NotNow(once(before))
    return issue


def _before(session: Session, issue_id: int, order: Order) -> Newsletter | None:
    """What the issue sends again; None: nothing. Raises NotNow where a new one is to be about a retired topic."""
    issue = session.get(Newsletter, issue_id)
    if issue and issue.part is Part.RESEND and issue.parent_id:
        return session.get_one(Newsletter, issue.parent_id)
    topic = session.get(Topic, order.topic_id) if order.topic_id else None
    keeps_it = issue and issue.state is NewsletterState.SCHEDULED and issue.topic_id == order.topic_id
    if topic and topic.retired_at and not keeps_it:
        raise NotNow(RETIRED)
    return None


def _refuse_subject(before: Newsletter, subject: str) -> None:
    if subject.strip() in {before.subject.strip(), (before.subject_b or "").strip()}:
        raise SameAgain(SAME_AGAIN, languages.ENGLISH)


def _refuse_same(session: Session, issue_id: int, subjects: Mapping[str, str]) -> None:
    """Raises SameAgain where readers of a language got the issue with this very subject."""
    for code, said in translations.in_use(session, issue_id).items():
        if subjects.get(code, "").strip() == said.subject.strip():
            raise SameAgain(SAME_IN.format(languages.named(code).in_english), code)


def once(before: Newsletter) -> str:
    """Why there is no second one, in words: it was sent, or is to be; or its draft was thrown away."""
    is_thrown_away = before.state is NewsletterState.CANCELLED and before.started_at is None
    return THROWN_AWAY if is_thrown_away else ONCE


def resent(session: Session, issue_id: int) -> Newsletter | None:
    """The resend that was made of the issue; None: none yet."""
    return session.scalar(select(Newsletter).where(Newsletter.parent_id == issue_id, Newsletter.part == Part.RESEND))
