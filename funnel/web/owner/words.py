"""How the owner's pages say times, counts and states."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from urllib.parse import quote

from funnel.config import settings
from funnel.db import utc_now
from funnel.insight import subjects
from funnel.insight.lately import Kind
from funnel.insight.whereabouts import Where
from funnel.insight.wilson import Rate
from funnel.models.content import StopReason
from funnel.models.people import SubscriberState
from funnel.models.responses import BookingState
from funnel.programme import differences, revisions
from funnel.programme.permitted import DAY_NAMES
from funnel.web.owner.door_words import REFUSALS

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400

# What a mail's state means for the owner, and how loud it is said.
MAIL_STATES = {
    Where.QUEUED: ("queued", "", "Waits for its time."),
    Where.SENDING: ("being sent", "", "On its way to the relay now."),
    Where.SENT: ("sent", "good", "The relay took it."),
    Where.DEFERRED: ("deferred", "warn", "Refused for now. It is tried again by itself."),
    Where.FAILED: ("failed", "alarm", "Refused for good. It is not tried again."),
    Where.UNKNOWN: (
        "unknown",
        "warn",
        "Handed over, but no answer came. A tip is not sent again, so that nobody gets it twice.",
    ),
    Where.SKIPPED: ("skipped", "", "No longer wanted when its time came."),
    Where.EXPIRED: ("expired", "", "Its time had passed before it could leave."),
}
PERSON_STATES = {
    SubscriberState.PENDING: ("not confirmed", ""),
    SubscriberState.ACTIVE: ("active", "good"),
    SubscriberState.UNSUBSCRIBED: ("left", ""),
    SubscriberState.BOUNCED: ("bounced", "warn"),
    SubscriberState.COMPLAINED: ("complained", "alarm"),
    SubscriberState.ERASED: ("erased", ""),
}
BOOKING_STATES = {
    BookingState.REQUESTED: ("asked for", "warn"),
    BookingState.BOOKED: ("booked", "good"),
    BookingState.MOVED: ("moved", "good"),
    BookingState.CANCELLED: ("cancelled", ""),
}
STOP_WORDS = {
    StopReason.BOOKED: "booked",
    StopReason.LEFT: "they left",
    StopReason.BOUNCED: "their address does not take mail",
    StopReason.COMPLAINED: "they called a mail spam",
    StopReason.PREFERENCE: "they chose so",
    StopReason.ERASED: "everything about them is deleted",
    StopReason.BY_OWNER: "you stopped it",
    None: "no reason is kept",
}
# What somebody did, behind their name, and the word before the mail or place it is about.
HAPPENED = {
    Kind.SIGN_UP: ("signed up", "by"),
    Kind.CONFIRMED: ("confirmed their address", ""),
    Kind.IMPORT: ("came in by", ""),
    Kind.BOOKING: ("booked", "by"),
    Kind.LEFT: ("left", "by"),
    Kind.BOUNCE: ("did not get", ""),
    Kind.COMPLAINT: ("called it spam:", ""),
}
HAPPENING_KINDS = {
    Kind.SIGN_UP: "sign-ups",
    Kind.CONFIRMED: "confirmed",
    Kind.IMPORT: "imports",
    Kind.BOOKING: "bookings",
    Kind.LEFT: "left",
    Kind.BOUNCE: "came back",
    Kind.COMPLAINT: "complaints",
}
NOTICE_TIMES = {
    "confirmation": "on signing up",
    "reminder": "a day after signing up, if not confirmed",
    "already_in": "on signing up again",
    "handout_too": "on signing up again, by a form that gives something else",
    "another_course": "on signing up for another course, when they are in",
    "fresh_link": "on asking for one’s own data",
    "booking_thanks": "on asking for a session",
    "booking_notice": "to you, when somebody asks for a session",
    "invitation": "on inviting somebody to sign in here",
    "password_link": "on forgetting the password here",
    "account_changed": "on changing how somebody signs in here",
    "draft_made": "to you, when a regular newsletter’s draft is made",
    "no_notes": "to you, when there were no notes to make it of",
    "draft_waits": "to you, on the day of a regular newsletter that is still a draft",
}


def moment(at: datetime | None) -> str:
    """A time by the practice's clock, such as “Tue 3 Mar, 14:05”; the year stands there when it is another one."""
    if at is None:
        return "–"
    local = at.astimezone(settings().zone)
    return f"{day(local.date())}, {local:%H:%M}"


def day(when: date) -> str:
    """A day, such as “Tue 3 Mar”, or “3 Mar 2024” of another year."""
    if when.year == utc_now().astimezone(settings().zone).year:
        return f"{when:%a} {when.day} {when:%b}"
    return f"{when.day} {when:%b %Y}"


def day_of(at: datetime) -> str:
    return day(at.astimezone(settings().zone).date())


def span(start: date, unit: str) -> str:
    """The day, week or month that begins on `start`."""
    if unit == "month":
        return f"{start:%b %Y}"
    return f"week of {day(start)}" if unit == "week" else day(start)


def days(first: date, last: date) -> str:
    """A day, or from one to another: “Tue 3 Mar”, “Mon 2 Mar to Sun 8 Mar”."""
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def clock(minutes: int) -> str:
    """Minutes after midnight as a time of day."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def kilobytes(size: int) -> str:
    return f"{size / 1000:.0f} kB"


def ago(at: datetime, now: datetime) -> str:
    """How far `at` is from `now`, in the largest unit that fits: “3 minutes ago”, “in 2 days”."""
    seconds = (now - at).total_seconds()
    said = _length(abs(seconds))
    if not said:
        return "just now"
    return f"{said} ago" if seconds > 0 else f"in {said}"


def coming_day(when: date, now: datetime) -> str:
    """A day of the next week: “today”, “tomorrow”, “Tuesday 3 Mar”."""
    ahead = (when - now.astimezone(settings().zone).date()).days
    return {0: "Today", 1: "Tomorrow"}.get(ahead, f"{when:%A} {when.day} {when:%b}")


def hours(first: datetime, last: datetime) -> str:
    """From when to when on one day, in whole hours: “07:00–10:00”; of one moment, that."""
    first, last = (at.astimezone(settings().zone).replace(second=0, microsecond=0) for at in (first, last))
    if first == last:
        return f"{first:%H:%M}"
    end = last.replace(minute=0) + timedelta(hours=1 if last.minute else 0)
    return f"{first:%H}:00–{end:%H:%M}"


def lasting(span: timedelta) -> str:
    """How long: “12 days”, “3 hours”, in the largest unit that fits."""
    return _length(span.total_seconds()) or "a minute"


def whole(number: int) -> str:
    return f"{number:,}"


def percent(share: float | None) -> str:
    """A rate as a percentage: one decimal under 10, so that small rates can be told apart."""
    if share is None:
        return "–"
    hundredth = share * 100
    return f"{hundredth:.1f} %" if 0 < hundredth < 9.95 else f"{hundredth:.0f} %"


def band(rate: Rate) -> str:
    """Where the true rate lies, such as “5–25 %”."""
    low, high = rate.band or (0.0, 1.0)
    return f"{low * 100:.0f}–{high * 100:.0f} %"


def counted(number: int, one: str, many: str = "") -> str:
    """“1 person”, “2 people”."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def weekdays(mask: int) -> str:
    """The days of a week, a bit each: “Monday, Tuesday and Friday”."""
    return listed([name for number, name in enumerate(DAY_NAMES) if mask >> number & 1])


def listed(names: Sequence[str]) -> str:
    """“One, another and a third”."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def mailto(address: str) -> str:
    """The link that opens a mail to `address` (RFC 6068). A stranger's may hold `?bcc=`, which is then no order."""
    return f"mailto:{quote(address, safe='@')}"


def sentence(text: str) -> str:
    """`text` with a capital at its start and a full stop at its end; '' for ''."""
    return text and text[0].upper() + text[1:].rstrip(".") + "."


def _length(seconds: float) -> str:
    for unit, name in ((DAY_S, "day"), (HOUR_S, "hour"), (MINUTE_S, "minute")):
        if seconds >= unit:
            return counted(int(seconds // unit), name)
    return ""


FOR_TEMPLATES = {
    "moment": moment,
    "day": day,
    "day_of": day_of,
    "days": days,
    "span": span,
    "coming_day": coming_day,
    "hours": hours,
    "lasting": lasting,
    "clock": clock,
    "ago": ago,
    "whole": whole,
    "percent": percent,
    "counted": counted,
    "band": band,
    "kilobytes": kilobytes,
    "mail_states": MAIL_STATES,
    "person_states": PERSON_STATES,
    "booking_states": BOOKING_STATES,
    "stop_words": STOP_WORDS,
    "happened": HAPPENED,
    "refusals": REFUSALS,
    "happening_kinds": HAPPENING_KINDS,
    "notice_times": NOTICE_TIMES,
    "named": subjects.shown,
    "sentence": sentence,
    "mailto": mailto,
    "weekdays": weekdays,
    "zip": zip,
    "lines_between": differences.lines,
    "changed_between": revisions.changed,
}
