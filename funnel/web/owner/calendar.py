"""The calendar: what somebody who joins now, or then, or is on the course already, gets and when."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo, available_timezones

from flask import abort, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from funnel.config import settings
from funnel.db import Session, utc_now
from funnel.insight import subjects
from funnel.models.content import Sequence, SequenceState, Step
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.programme import calendar, course, joining, outlook
from funnel.web.owner import gate
from funnel.web.owner.words import clock, day

WEEK = timedelta(days=7)
MOST_WEEKS = 26  # of more than these, weeks without a mail are left out
FARTHEST = timedelta(days=3 * 366)  # that one may look ahead

blueprint = gate.pages("calendar", __name__)


@dataclass(frozen=True)
class Entry:
    """One mail on a day. `words`: its time; `why`: what moved it there; `state`: sent, or to come."""

    on: date
    step: Step
    words: str
    why: str = ""
    sent: bool = False

    @property
    def name(self) -> str:
        return subjects.shown(self.step.subject)


@blueprint.get("/calendar")
def show() -> str:
    """For somebody who joins `?course=` on `?on=` at `?at=` in `?zone=`; today, now, here where nothing is asked."""
    now = utc_now()
    with Session.begin() as session:
        courses = _courses(session)
        chosen = _chosen(courses) if courses else None
        zone, problem = _zone()
        joins_at = _joins_at(now, zone)
        found = course.load(session, [chosen.id])[chosen.id] if chosen else None
        entries = [_expected(one, zone) for one in joining.foretold(found, zone, joins_at)] if found else []
        return render_template(
            "owner/calendar/show.html",
            courses=courses,
            chosen=chosen,
            joins_at=joins_at.astimezone(zone),
            zone=zone.key,
            zones=sorted(available_timezones()),
            problem=problem,
            entries=entries,
            weeks=_weeks(entries),
        )


@blueprint.get(f"/people/<{gate.ID}:person_id>/calendar")
def person(person_id: int) -> str:
    """For one person: what they were sent, and what comes next, by their own clock."""
    now = utc_now()
    with Session.begin() as session:
        whose = session.get(Subscriber, person_id) or abort(HTTPStatus.NOT_FOUND)
        zone = calendar.zone(whose.time_zone)
        entries = [*_had(session, person_id, zone), *_coming(session, person_id, zone, now)]
        return render_template(
            "owner/calendar/person.html", person=whose, zone=zone.key, entries=entries, weeks=_weeks(entries)
        )


def _courses(session: OrmSession) -> list[Sequence]:
    order = (Sequence.state != SequenceState.LIVE, Sequence.id)
    return list(session.scalars(select(Sequence).order_by(*order)))


def _chosen(courses: list[Sequence]) -> Sequence:
    number = request.args.get("course", 0, type=int)
    return next((one for one in courses if one.id == number), courses[0])


def _zone() -> tuple[ZoneInfo, str]:
    wanted = request.args.get("zone", "").strip()
    if not wanted or wanted in available_timezones():
        return calendar.zone(wanted), ""
    return settings().zone, f"There is no time zone “{wanted}”. Shown for {settings().timezone}."


def _joins_at(now: datetime, zone: ZoneInfo) -> datetime:
    """The moment asked for; what cannot be read, or lies years away, is today or now."""
    local = now.astimezone(zone)
    on = request.args.get("on", local.date(), type=date.fromisoformat)
    at = request.args.get("at", local.time(), type=time.fromisoformat)
    if abs(on - local.date()) > FARTHEST:
        on = local.date()
    return datetime.combine(on, at.replace(tzinfo=None, second=0, microsecond=0), zone)


def _expected(one: joining.Expected, zone: ZoneInfo) -> Entry:
    first, last = one.first.astimezone(zone), one.last.astimezone(zone)
    if first == last:
        return Entry(first.date(), one.step, f"{first:%H:%M}", one.moved)
    if first.date() == last.date():
        return Entry(first.date(), one.step, f"{first:%H:%M}–{last:%H:%M}", one.moved)
    # Early minutes come on the later day: the hours are those of the course.
    hours = "–".join(clock(minute) for minute in (one.step.sequence.window_start, one.step.sequence.window_end - 1))
    return Entry(first.date(), one.step, f"{hours}, for some on {day(last.date())}", one.moved)


def _had(session: OrmSession, person_id: int, zone: ZoneInfo) -> list[Entry]:
    query = (
        select(Message.sent_at, Step)
        .join(Step, Step.id == Message.step_id)
        .where(Message.subscriber_id == person_id, Message.kind == MessageKind.STEP, Message.state == MessageState.SENT)
        .order_by(Message.sent_at)
    )
    local = [(at.astimezone(zone), step) for at, step in session.execute(query) if at]
    return [Entry(at.date(), step, f"sent {at:%H:%M}", sent=True) for at, step in local]


def _coming(session: OrmSession, person_id: int, zone: ZoneInfo, now: datetime) -> list[Entry]:
    found = [(one.at.astimezone(zone), one.step) for one in outlook.outlook(session, person_id, now)]
    entries = []
    for number, (at, step) in enumerate(found):
        before = found[number - 1] if number else None
        gap = timedelta(days=max(step.day - before[1].day, 1)) if before else timedelta(0)
        wanted = before[0].date() + gap if before else at.date()
        entries.append(Entry(at.date(), step, f"{at:%H:%M}", joining.why_moved(step.sequence, zone, wanted, at)))
    return entries


def _weeks(entries: list[Entry]) -> list[list[tuple[date, list[Entry]]]]:
    """The weeks from the first mail to the last, Monday first, each day with its mails."""
    if not entries:
        return []
    by_day: defaultdict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_day[entry.on].append(entry)
    first, last = min(by_day), max(by_day)
    monday = first - timedelta(days=first.weekday())
    weeks = []
    while monday <= last:
        days = [monday + timedelta(days=number) for number in range(7)]
        weeks.append([(on, by_day.get(on, [])) for on in days])
        monday += WEEK
    return weeks if len(weeks) <= MOST_WEEKS else [week for week in weeks if any(found for _, found in week)]
