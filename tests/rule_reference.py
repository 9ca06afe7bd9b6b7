"""Who a rule is about, told from plain rows in plain Python: what the statements of audience/rule must agree with."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from funnel.models.content import Enrolment, EnrolmentState, Newsletter
from funnel.models.mail import Link, LinkKind, Message
from funnel.models.people import Subscriber
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.tags import Tagged
from funnel.programme.history import HAD
from tests.conftest import NOW
from tests.rule_folk import PLACES, Folk

LONDON = ZoneInfo("Europe/London")


def meets(folk, rule, person, now=NOW):
    """Whether the rule holds of this person, row by row."""
    [(word, inside), *_] = rule.items()
    if word == "all":
        return all(meets(folk, part, person, now) for part in inside)
    if word == "any":
        return any(meets(folk, part, person, now) for part in inside)
    if word == "not":
        return not meets(folk, inside, person, now)
    return _LINES[rule["is"]](_Known(folk, person, now), rule)


@dataclass
class _Known:
    folk: Folk
    person: Subscriber
    now: datetime

    def rows(self, table, /, **equal):
        return [
            row for row in self.folk.rows(table) if all(getattr(row, name) == value for name, value in equal.items())
        ]

    def own(self, table, /, **equal):
        return self.rows(table, subscriber_id=self.person.id, **equal)

    def clicks(self, days=None):
        found = self.own(Event, kind=EventKind.CLICK, machine=False)
        return [one for one in found if days is None or one.at > self.now - timedelta(days=days)]

    def links(self, **equal):
        return {link.id for link in self.rows(Link, **equal)}

    def booked(self):
        return any(one.state != BookingState.CANCELLED for one in self.own(Booking))

    def places(self, course):
        return {one.state for one in self.own(Enrolment, sequence_id=course)}

    def got(self, issue):
        whose = {self.person.id} | {one.id for one in self.rows(Subscriber, merged_into_id=self.person.id)}
        mails = [mail for number in self.wordings(issue) for mail in self.rows(Message, newsletter_id=number)]
        return any(mail.subscriber_id in whose and mail.state in HAD for mail in mails)

    def wordings(self, issue):
        return [issue, *(one.id for one in self.rows(Newsletter, parent_id=issue))]

    def links_of(self, issue):
        return {number for one in self.wordings(issue) for number in self.links(newsletter_id=one)}

    def quiet(self, days):
        confirmed = self.person.confirmed_at
        return confirmed is not None and confirmed <= self.now - timedelta(days=days) and not self.clicks(days)

    def joined(self, since, until):
        day = self.person.created_at.astimezone(LONDON).date()
        return date.fromisoformat(since) <= day <= date.fromisoformat(until)

    def called(self, words):
        written = f"{self.person.email or ''} {self.person.first_name}".lower()
        spaced = " " + "".join(" " if sign in "@.-" else sign for sign in written)
        return all(
            word in written
            and all(f" {part}" in spaced for part in word.replace(".", " ").replace("-", " ").replace("@", " ").split())
            for word in words.split()
        )


_LINES = {
    "everybody": lambda known, line: True,
    "came_by": lambda known, line: known.person.source == line["source"],
    "by_form": lambda known, line: known.person.form_id == line["form"],
    "tagged": lambda known, line: bool(known.own(Tagged, tag_id=line["tag"])),
    "on_course": lambda known, line: bool(
        known.places(line["course"]) & ({PLACES[line["place"]]} if line["place"] in PLACES else set(EnrolmentState))
    ),
    "awaits": lambda known, line: bool(known.own(Enrolment, step_id=line["step"], state=EnrolmentState.ACTIVE)),
    "nearly_booked": lambda known, line: (
        any(one.link_id in known.links(kind=LinkKind.BOOKING) for one in known.clicks()) and not known.booked()
    ),
    "booked": lambda known, line: known.booked(),
    "quiet": lambda known, line: known.quiet(line["days"]),
    "clicked": lambda known, line: bool(known.clicks(line["days"])),
    "got_issue": lambda known, line: known.got(line["newsletter"]),
    "clicked_issue": lambda known, line: any(
        one.link_id in known.links_of(line["newsletter"]) for one in known.clicks()
    ),
    "pace": lambda known, line: known.person.pace == line["pace"],
    "called": lambda known, line: known.called(line["words"]),
    "joined": lambda known, line: known.joined(line["since"], line["until"]),
}
