"""What a reader chose, written down: with the consent lines it is the evidence of what they wished.

A line stands until another of the same question overtakes it, and is kept for a time after that; the one that stands,
and every move to another address, stay. Lines of consent are none of these, and all stay.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, literal, select, update
from sqlalchemy.orm import Session

from funnel.models.choices_made import Choice, Chose

# To and fro within the hour is one line. Whoever was forwarded a mail can press on, so that a day has few of them too.
FOLDED = timedelta(hours=1)
DAY = timedelta(days=1)
MOST_A_DAY = 6  # of one person and question
KEPT = timedelta(days=3 * 365 + 1)  # once overtaken: as long as most claims last (BGB § 195, for one)
KEPT_OF_A_DAY = timedelta(days=90)  # what did not stand for a day
QUESTIONS = (
    (Chose.PAUSE, Chose.GO_ON),
    (Chose.MONTHLY, Chose.ALL),
    (Chose.NO_COURSE,),
    (Chose.TOPICS,),
    (Chose.LANGUAGE,),
    (Chose.NAME,),
)


def note(session: Session, subscriber_id: int, chose: Chose, now: datetime, **detail: Any) -> None:
    """Keeps it. That it was chosen stays when they are erased; the `detail`, such as which topics, does not.

    Of several lines of one question within an hour, or beyond MOST_A_DAY, only the last wish is kept, with how often
    they pressed and since when: `times`, `since`.
    """
    question = next((one for one in QUESTIONS if chose in one), ())
    theirs = Choice.subscriber_id == subscriber_id, Choice.chose.in_(question)
    lately = select(Choice).where(*theirs, Choice.at > now - DAY).order_by(Choice.at.desc(), Choice.id.desc())
    found = session.scalars(lately.limit(MOST_A_DAY)).all() if question else []
    if found and (len(found) == MOST_A_DAY or _begun(found[0]) > now - FOLDED):
        _fold(found[0], chose, detail, now)
    else:
        since_then = case((Choice.at > now - DAY, KEPT_OF_A_DAY), else_=KEPT)
        overtaken = update(Choice).where(*theirs, Choice.kept_until.is_(None))
        session.execute(overtaken.values(kept_until=literal(now) + since_then))
        session.add(Choice(subscriber_id=subscriber_id, chose=chose, detail=detail, at=now))
    session.flush()


def _begun(line: Choice) -> datetime:
    since = line.detail.get("since")
    return datetime.fromisoformat(since) if since else line.at


def _fold(line: Choice, chose: Chose, detail: dict[str, Any], now: datetime) -> None:
    before = line.detail
    both = {"since": _begun(line).isoformat(), "times": before.get("times", 1) + 1}
    if chose is Chose.LANGUAGE:
        both["before"] = before.get("before", detail["before"])
    if chose is Chose.TOPICS:
        both["off"] = _net(before, "off", detail, "on")
        both["on"] = _net(before, "on", detail, "off")
    line.chose, line.detail, line.at = chose, detail | both, now


def _net(before: dict[str, Any], way: str, after: dict[str, Any], back: str) -> list[str]:
    """What went this way in both together, and not back again."""
    first = [name for name in before.get(way, ()) if name not in after[back]]
    return first + [name for name in after[way] if name not in before.get(back, ()) and name not in first]
