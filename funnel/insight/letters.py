"""The weekly letter to the owner: last week's numbers and one suggestion, written once and sent to each owner."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from funnel.config import settings
from funnel.house import staff
from funnel.insight import advice, tallies, week
from funnel.insight.week import Week
from funnel.mail import render
from funnel.models.letters import Letter
from funnel.models.mail import MessageKind, Queue
from funnel.programme import plan

GOOD_FOR = timedelta(days=3)  # a letter about last week that comes on Friday is no news
LIFE = timedelta(days=2)

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")  # whatever CommonMark may take for more than itself


def send(session: Session, now: datetime) -> int:
    """Writes the letter about the last whole week and plans it to every owner, once. Returns to how many.

    0: it is not time yet, the week is too long over or not all counted yet, the letter was written before, or none is
    wished for.
    """
    monday = week.last_monday(now)
    chosen = settings().letters
    day = monday + week.LENGTH + timedelta(days=chosen.weekday)
    due_at = datetime.combine(day, time(chosen.hour), settings().zone)
    if not chosen.weekly or not due_at <= now < due_at + GOOD_FOR:
        return 0
    counted = tallies.freshen(session, now).at
    if counted is None or counted < week.midnight(monday + week.LENGTH):
        return 0
    letter = written(session, monday, now)
    row = {"week": letter.week, "subject": letter.subject, "preheader": letter.preheader, "body": letter.body}
    made = insert(Letter).values(**row, made_at=now).on_conflict_do_nothing().returning(Letter.week)
    if session.scalar(made) is None:
        return 0
    return sum(_plan(session, monday, number, email, now) for number, email in staff.told(session))


def written(session: Session, monday: date, now: datetime) -> Letter:
    """The letter about the week that begins on `monday`, not kept."""
    tallies.freshen(session, now)
    found = week.of(session, monday)
    sentences = [f"- {line}" for line in _lines(found)]
    told = advice.drawn(session, now)
    body = "\n".join(
        [
            "Hello {{ practitioner_name }},",
            "",
            f"your week from {_day(found.monday)} to {_day(found.sunday)}:",
            "",
            *(sentences or ["It was quiet: nobody signed up, no mail was due, and nobody booked."]),
            "",
            "## One thing to do",
            "",
            _plain(told.text),
            "",
            f"[{_plain(told.button)}]({{{{ site }}}}{told.path})",
            "",
        ]
    )
    return Letter(week=monday, subject=_subject(found), preheader=_plain_line(told.text), body=body, made_at=now)


def latest(session: Session, limit: int) -> list[Letter]:
    """The letters that were sent, newest first."""
    return list(session.scalars(select(Letter).order_by(Letter.week.desc()).limit(limit)))


def _plan(session: Session, monday: date, owner_id: int, email: str, now: datetime) -> bool:
    planned = plan.plan(
        session,
        MessageKind.LETTER,
        Letter.key(monday, owner_id),
        template=render.LETTER,
        queue=Queue.URGENT,
        due_at=now,
        expires_at=now + LIFE,
        to_address=email,
        now=now,
    )
    return planned is not None


def _subject(found: Week) -> str:
    counts = found.counts
    if counts.bookings:
        return f"Your week: {_counted(counts.bookings, 'booking')}, {_counted(counts.sign_ups, 'sign-up')}"
    return f"Your week: {_counted(counts.sign_ups, 'sign-up')}, {_counted(counts.mails, 'mail')} sent"


def _lines(found: Week) -> Iterator[str]:
    """One a number. What stayed at nothing in both weeks is left out: a list of noughts tells nobody anything."""
    now, before = found.counts, found.before
    if now.bookings or before.bookings:
        yield f"**{_counted(now.bookings, 'booking')}**{_change(now.bookings, before.bookings)}"
    if now.sign_ups or before.sign_ups:
        told = f"; {now.confirmed} of them confirmed so far" if now.sign_ups else ""
        yield f"**{_counted(now.sign_ups, 'sign-up')}**{_change(now.sign_ups, before.sign_ups)}{told}"
    if now.views or before.views:
        yield f"the form was shown **{_counted(now.views, 'time')}**{_change(now.views, before.views)}"
    if now.mails or before.mails:
        yield f"**{_counted(now.mails, 'mail')}** sent{_change(now.mails, before.mails)}"
    if now.clicked or before.clicked:
        yield f"**{_counted(now.clicked, 'person', 'people')}** clicked a link{_change(now.clicked, before.clicked)}"
    if now.left or before.left:
        yield f"**{_counted(now.left, 'person', 'people')}** left{_change(now.left, before.left)}"
    if now.bounced:
        yield f"**{_counted(now.bounced, 'address', 'addresses')}** did not take mail"
    if now.complained:
        yield f"**{_counted(now.complained, 'person', 'people')}** called a mail spam"


def _change(now: int, before: int) -> str:
    if now == before:
        return ", as many as the week before"
    return f", {abs(now - before):,} {'more' if now > before else 'fewer'} than the week before"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def _plain(words: str) -> str:
    """Words of others as they stand, and not as Markdown or merge tags."""
    return _PUNCTUATION.sub(r"\\\1", words)


def _plain_line(words: str) -> str:
    """The first sentence, for the list of mails; without braces, which might be read as merge tags."""
    return re.sub("[{}]", "", words).partition(". ")[0].rstrip(".") + "."
