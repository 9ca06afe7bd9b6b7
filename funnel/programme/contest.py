"""The contest of two subjects: which one more people clicked, how sure that is, and what follows for the rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, distinct, func, select
from sqlalchemy.orm import Session

from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import Link, LinkKind, MessageState
from funnel.models.responses import Event, EventKind
from funnel.models.sending import Progress
from funnel.programme import odds, outgoing, settling, subject_trial
from funnel.programme.outgoing import NotNow

SURE = 0.95  # how probable it must be that one subject is better; else the first is taken, and that is said
FEW = 20  # one in so many may be late: it changes nothing, and some servers are down for days
MOVED_BY = timedelta(minutes=1)  # less is not written down
BY_CLICKS, BY_OWNER, BY_NOBODY = "clicks", "owner", "nobody"

NO_TRIAL = "No two subjects are being tried: there is nothing to choose."
CHOSEN = "Which subject the others get has been decided."


@dataclass(frozen=True)
class Verdict:
    """What a trial says. `a`, `b`: how many people clicked, of how many that got it.

    `chance`: how probable it is that b is the better; `by`: clicks, owner, or nobody, where neither could be told to be
    better and the first is taken.
    """

    a: tuple[int, int]
    b: tuple[int, int]
    chance: float
    winner: Part
    by: str

    @property
    def plain(self) -> dict[str, Any]:
        """As it is kept in Newsletter.verdict."""
        return {"a": [*self.a], "b": [*self.b], "chance": self.chance, "winner": self.winner.value, "by": self.by}


def kept(issue: Newsletter) -> Verdict | None:
    """What its trial came to; None: it is not decided, or there was none."""
    if (told := issue.verdict) is None:
        return None
    return Verdict(tuple(told["a"]), tuple(told["b"]), told["chance"], Part(told["winner"]), told["by"])


def judged(session: Session, issue_id: int) -> Verdict:
    """What the trial says up to now, by the people who clicked."""
    a, b = (_clicked(session, issue_id, part) for part in (Part.A, Part.B))
    chance = odds.better(*a, *b)
    if chance >= SURE:
        return Verdict(a, b, chance, Part.B, BY_CLICKS)
    return Verdict(a, b, chance, Part.A, BY_CLICKS if chance <= 1 - SURE else BY_NOBODY)


def decide(session: Session, issue: Newsletter, now: datetime) -> bool:
    """Ends the trial of an issue that is held (`outgoing.held`), when its time is over. Returns whether it did.

    Its hours begin once its mails have left: while more than a few of them are due and do not leave (a daily limit, a
    rate, a server that is away), its end moves on.
    """
    if issue.state is not NewsletterState.SENDING or issue.winner or issue.planned_at or issue.trial_ends_at is None:
        return False
    if _is_leaving(session, issue, now):
        ends_at = subject_trial.end(issue, now)
        if ends_at - issue.trial_ends_at >= MOVED_BY:
            issue.trial_ends_at = ends_at
        return False
    if not issue.trial_ends_at < now:
        return False
    _crown(session, issue, judged(session, issue.id), now)
    return True


def choose(session: Session, issue_id: int, part: Part, now: datetime) -> Verdict:
    """The owner's choice, A or B, before its time: the others get that one. Raises NotNow."""
    issue = session.get(Newsletter, issue_id, with_for_update=True, populate_existing=True)
    if issue is None or issue.state not in (NewsletterState.SENDING, NewsletterState.PAUSED) or not issue.trial_ends_at:
        raise NotNow(NO_TRIAL)
    if issue.winner or issue.planned_at:
        raise NotNow(CHOSEN)
    found = judged(session, issue_id)
    verdict = Verdict(found.a, found.b, found.chance, part, BY_OWNER)
    _crown(session, issue, verdict, now)
    return verdict


def clicked(newsletter_ids: Any) -> ColumnElement[bool]:
    """Which events are people's clicks on links of these newsletters (ids, or a select of them)."""
    links = select(Link.id).where(Link.newsletter_id.in_(newsletter_ids), Link.kind != LinkKind.CANARY)
    # Spelled as in ix_event_followed.
    person = and_(Event.machine.is_(False), Event.subscriber_id.is_not(None))
    return and_(Event.kind == EventKind.CLICK, person, Event.link_id.in_(links))


def _crown(session: Session, issue: Newsletter, verdict: Verdict, now: datetime) -> None:
    issue.winner, issue.verdict = verdict.winner, verdict.plain
    issue.archive_set_at = now  # the archive and its feed call it by that subject from now on
    issue.planned_to = issue.looked_at = 0  # all are looked through once more, for the rest
    session.flush()
    subject_trial.wording(session, issue, Part.REST, now)


def _is_leaving(session: Session, issue: Newsletter, now: datetime) -> bool:
    """Whether more than a few mails of the trial, which are all that is planned yet, are still to leave now."""
    ids = outgoing.family(session, issue.id)
    few = issue.planned // FEW
    if settling.open_mails(session, issue, ids) <= few:
        return False
    return settling.due(session, ids, now, few + 1) + settling.in_hand(session, ids) > few


def _clicked(session: Session, issue_id: int, part: Part) -> tuple[int, int]:
    """How many people clicked, of how many that got it."""
    wording = select(Newsletter.id).where(Newsletter.parent_id == issue_id, Newsletter.part == part)
    sent = select(func.coalesce(func.sum(Progress.mails), 0)).where(
        Progress.newsletter_id.in_(wording), Progress.state == MessageState.SENT
    )
    got = int(session.scalars(sent).one())
    people = session.scalars(select(func.count(distinct(Event.subscriber_id))).where(clicked(wording))).one()
    return min(people, got), got
