"""How a newsletter stands, in plain words: for its page, and for the script that keeps that page up to date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session as OrmSession

from funnel.audience import orders
from funnel.insight import backlist, issue_account
from funnel.insight.issue_account import Account
from funnel.insight.whereabouts import Where
from funnel.insight.wilson import Rate
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import MessageState
from funnel.programme import contest, outgoing, send_times
from funnel.programme.contest import Verdict
from funnel.web.owner.words import counted, lasting, moment, whole

GOES_ON = (NewsletterState.SENDING, NewsletterState.PAUSED)
COUNTDOWN_FOR = timedelta(hours=1)  # before it leaves
# In the order in which a mail gets there; the last five are where the sum ends.
LISTED = (
    Where.QUEUED, Where.DEFERRED, Where.SENDING,
    Where.SENT, Where.SKIPPED, Where.FAILED, Where.UNKNOWN, Where.EXPIRED,
)  # fmt: skip
SUMMED = (
    MessageState.SENT, MessageState.SKIPPED, MessageState.FAILED, MessageState.UNKNOWN, MessageState.EXPIRED,
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """Where the trial of two subjects stands. `chance`: how probable it is that the second is the better one."""

    a: Rate
    b: Rate
    chance: float
    winner: Part | None
    by: str
    ends_at: datetime | None

    @property
    def surer(self) -> float:
        """How probable it is that the one ahead is the better."""
        return max(self.chance, 1 - self.chance)

    @property
    def is_sure(self) -> bool:
        return self.surer >= contest.SURE

    @property
    def ahead(self) -> Part:
        return Part.B if self.chance > 1 / 2 else Part.A


def of(session: OrmSession, issue: Newsletter, now: datetime) -> dict[str, Any]:
    """What its page says of it."""
    found = issue_account.account(session, issue.id, now)
    scheduled = issue.state is NewsletterState.SCHEDULED
    return {
        "account": found,
        "progress": told(found),
        "line": backlist.of(session, issue),
        "span": send_times.span(session, issue) if scheduled and not found.late_by else None,
        "counts_down": scheduled and issue.starts_at is not None and issue.starts_at - now < COUNTDOWN_FOR,
        "trial": _trial(session, issue),
        "resent": orders.resent(session, issue.id),
        "parent": session.get(Newsletter, issue.parent_id) if issue.parent_id else None,
        "stands": outgoing.STANDS[issue.state],
        "summed": SUMMED,
    }


def told(found: Account) -> dict[str, Any]:
    """How far it is, in words by the place where each stands on the page."""
    return {
        "state": found.state.value,
        "settled": is_settled(found),
        "planned": found.planned,
        "ended": found.ended,
        "said": _said(found),
        "rate": _rate(found),
        "later": _later(found),
        "counts": {state.value: whole(found.states[state]) for state in SUMMED}
        | {"in_hand": whole(found.in_hand), "waiting": whole(found.waiting)},
        "sum": _sum(found),
    }


def is_settled(found: Account) -> bool:
    """Nothing of it moves any more."""
    return found.state in (NewsletterState.SENT, NewsletterState.CANCELLED) and found.is_whole


def _said(found: Account) -> str:
    so_far = " planned so far" if found.is_planning else ""
    return f"{whole(found.ended)} of {counted(found.planned, 'mail')}{so_far} settled"


def _rate(found: Account) -> str:
    if found.state is NewsletterState.PAUSED:
        return f"Nothing leaves. {counted(found.held, 'mail')} held."
    if found.state is not NewsletterState.SENDING or not found.rate:
        return ""
    pace = f"{found.rate:,.0f} a second" if found.rate >= 1 else f"{found.rate * 60:,.0f} a minute"
    if found.left is None or found.is_planning:
        return f"{pace}."
    return f"{pace}, about {lasting(found.left)} left." if found.left.total_seconds() >= 1 else f"{pace}."


def _later(found: Account) -> str:
    """Those that wait for a time of their own."""
    if not found.later or found.next_at is None:
        return ""
    more = "more than " if found.later_more else ""
    first = moment(found.next_at)
    if found.later == 1:
        return f"1 mail waits for a time of its own: {first}."
    return f"{more}{counted(found.later, 'mail')} wait for a time of their own; the first leaves {first}."


def _sum(found: Account) -> str:
    """The line that adds up: what was planned, and where all of it is."""
    parts = [f"{whole(found.states[state])} {state.value}" for state in SUMMED]
    if not is_settled(found):
        parts += [f"{whole(found.in_hand)} being sent", f"{whole(found.waiting)} waiting"]
    return f"{whole(found.planned)} planned = {' + '.join(parts)}"


def _trial(session: OrmSession, issue: Newsletter) -> Trial | None:
    if issue.subject_b is None or issue.state in (NewsletterState.DRAFT, NewsletterState.SCHEDULED):
        return None
    verdict = contest.kept(issue)
    now_said: Verdict = verdict or contest.judged(session, issue.id)
    return Trial(
        Rate(*now_said.a),
        Rate(*now_said.b),
        now_said.chance,
        verdict.winner if verdict else None,
        verdict.by if verdict else "",
        issue.trial_ends_at,
    )
