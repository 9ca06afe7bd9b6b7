"""How a newsletter is sent, as a form: to whom, when, and with which subjects; read with all that was typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy.orm import Session as OrmSession

from funnel.audience.rule import Plain, RuleError
from funnel.config import settings
from funnel.db import utc_now
from funnel.models.content import Newsletter, Part, ZoneMode
from funnel.models.segments import SavedSegment
from funnel.programme import send_times
from funnel.programme.outgoing import Order
from funnel.programme.subject_trial import Trial
from funnel.web.owner import rule_form
from funnel.web.owner.rule_form import TypedRule

EVERYBODY, CHOSEN, KEPT, SEGMENT = "everybody", "rule", "kept", "segment-"
NO_TOPIC = "none"  # for all, whatever they switched off
NOW, AT, READERS = "now", "at", "readers"
SHARE, HOURS = "20", "4"
LONGEST = 500
WHEN, TRIAL, WHOM, TOPIC = "when", "trial", "whom", "topic"  # the parts of the form that something can be wrong with

NO_TIME = "Please choose a day and a time."
NO_NUMBER = "Please type the share and the hours as whole numbers."


@dataclass
class TypedOrder:
    """The form. `whom`: EVERYBODY, CHOSEN below, KEPT as scheduled before, or a segment; `problems` by the part.

    `seen`: how the issue stood as the form was opened (`standing`).
    """

    whom: str = EVERYBODY
    rule: TypedRule = field(default_factory=TypedRule)
    with_course: bool = False
    topic: str = ""
    when: str = NOW
    day: str = ""
    time: str = ""
    two: bool = False
    subject_b: str = ""
    percent: str = SHARE
    hours: str = HOURS
    seen: str = ""
    in_archive: bool | None = None  # None: the sum, where that is chosen, was not told yet
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def segment(self) -> int | None:
        number = self.whom.removeprefix(SEGMENT)
        return int(number) if self.whom.startswith(SEGMENT) and number.isdecimal() and len(number) < 19 else None

    @property
    def topic_id(self) -> int | None:
        return int(self.topic) if self.topic.isdecimal() and len(self.topic) < 19 else None

    def plain(self, issue: Newsletter) -> Plain | None:
        """Whom it is for, as a rule that may name a segment; None: everybody. It may be refused by `rule.read`."""
        if is_resend(issue):
            return issue.rule
        if self.segment is not None:
            return {"is": "segment", "segment": self.segment}
        if self.whom == CHOSEN:
            return self.rule.plain()
        return issue.rule if self.whom == KEPT else None

    def order(self, issue: Newsletter, now: datetime) -> Order | None:
        """What is ordered; None where something is wrong with it, which then stands in `problems`."""
        at, trial = self._moment(now), self._trial()
        if self.problems:
            return None
        mode = ZoneMode.READER if self.when == READERS else ZoneMode.PRACTICE
        return Order(at, mode, self.plain(issue), self.with_course, self.segment, trial, self.topic_id)

    def _moment(self, now: datetime) -> datetime | None:
        if self.when == NOW:
            return None
        try:
            wall = datetime.combine(date.fromisoformat(self.day), time.fromisoformat(self.time))
            return send_times.moment(wall)
        except (ValueError, OverflowError):
            self.problems[WHEN] = NO_TIME
            return now

    def _trial(self) -> Trial | None:
        if not self.two:
            return None
        if not all(text.isdecimal() and len(text) < 5 for text in (self.percent, self.hours)):
            self.problems[TRIAL] = NO_NUMBER
            return None
        return Trial(self.subject_b.strip(), int(self.percent), int(self.hours))


def read(form: Mapping[str, str]) -> TypedOrder:
    """What stands in the form, nothing refused."""
    return TypedOrder(
        whom=form.get("whom", EVERYBODY),
        rule=rule_form.read(form),
        with_course=form.get("with_course") == "1",
        topic=form.get("topic", ""),
        when=when if (when := form.get("when", NOW)) in (AT, READERS) else NOW,
        day=form.get("day", "")[:20],
        time=form.get("time", "")[:20],
        two=form.get("two") == "1",
        subject_b=form.get("subject_b", "")[:LONGEST].replace("\0", ""),
        percent=form.get("percent", "").strip(),
        hours=form.get("hours", "").strip(),
        seen=form.get("seen", ""),
        in_archive=form.get("in_archive") == "1" if "archive_asked" in form else None,
    )


def of(session: OrmSession, issue: Newsletter) -> TypedOrder:
    """As it was ordered last, or as one begins."""
    typed = TypedOrder(
        topic=_topic(issue),
        with_course=issue.with_course,
        two=issue.subject_b is not None,
        seen=standing(issue),
    )
    if issue.segment_id and session.get(SavedSegment, issue.segment_id):
        typed.whom = f"{SEGMENT}{issue.segment_id}"
    elif issue.rule is not None:
        try:
            typed.whom, typed.rule = CHOSEN, rule_form.of(issue.rule)
        except RuleError:  # deeper than the form can show
            typed.whom = KEPT
    if _has_its_time(issue) and issue.send_at:
        local = issue.send_at.astimezone(settings().zone)
        typed.when = READERS if issue.zone_mode is ZoneMode.READER else AT
        typed.day, typed.time = local.date().isoformat(), f"{local:%H:%M}"
    if issue.subject_b is not None:
        typed.subject_b, typed.percent = issue.subject_b, str(issue.trial_percent or SHARE)
        typed.hours = str(issue.trial_hours or HOURS)
    return typed


def _topic(issue: Newsletter) -> str:
    """What was chosen; empty where nobody has yet."""
    chosen = issue.scheduled_at is not None or is_resend(issue)
    return str(issue.topic_id) if issue.topic_id else NO_TOPIC if chosen else ""


def standing(issue: Newsletter) -> str:
    """Another word each time it is scheduled or taken back."""
    return issue.scheduled_at.isoformat() if issue.scheduled_at else ""


def _has_its_time(issue: Newsletter) -> bool:
    """Whether it was scheduled to a time, or is proposed for one that is still to come."""
    if issue.send_at is None:
        return False
    if issue.scheduled_at is None:
        return issue.send_at > utc_now()
    return issue.send_at > issue.scheduled_at + send_times.UNDO


def is_resend(issue: Newsletter) -> bool:
    """Whether it goes to those who got another one and did not click."""
    return issue.part is Part.RESEND
