"""A practice's first weeks, and an owner who looks at them."""

import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from funnel.audience.visit import Visit
from funnel.db import Session as OwnSession
from funnel.db import utc_now
from funnel.insight import cancellations, decisions
from funnel.mail import unknown, wishes
from funnel.models.content import EnrolmentState, Newsletter, NewsletterState, Part, Sequence, Step, StopReason
from funnel.models.door import FormView
from funnel.models.editing import Kind
from funnel.models.house import AuditEntry, Heartbeat, Owner, Role
from funnel.models.mail import Link, LinkKind, Message, MessageKind, MessageState, Queue
from funnel.models.people import Form, SignUpState, Subscriber, SubscriberState
from funnel.models.responses import Booking, BookingHow, BookingState, Event, EventKind
from funnel.models.sending import Progress
from funnel.programme import content_files, drafts, editing, wording
from funnel.web.owner import sessions
from tests import factories

EMAIL = "alessandro@example.org"
PASSWORD = "quiet river under oaks"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')

TIP, INVITATION = 3, 6  # places in the course: the mail with links to a level, and the first that invites
SOURCES = ("quadratus-lumborum",) * 6 + ("instagram",) * 2 + ("clinic-door", "")
NAMES = (
    "Ada", "Ben", "Chloé", "Dan", "Ewa", "Fatima", "Georg", "Hanna", "Imre", "José",
    "Kit", "Léa", "Milo", "Noor", "Olga", "Pia", "Quim", "Rosa", "Sam", "Tove",
)  # fmt: skip


def signed_in(app: Flask, role: Role = Role.OWNER, email: str = EMAIL) -> FlaskClient:
    """A browser of an owner who has just signed in; without the hashing, which takes its time on purpose."""
    now = utc_now()
    owner = Owner(email=email, password_hash="none", session_key="a key", role=role, created_at=now)
    with OwnSession.begin() as session:
        session.add(owner)
        session.flush()
        cookie = sessions.begin(session, owner, Visit("192.0.2.1", "Firefox/140.0 (X11; Linux x86_64)"), now)
    browser = app.test_client()
    with browser.session_transaction() as kept:
        kept["id"] = cookie
    return browser


def sign_in(browser: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    return press(browser, "/owner/sign-in", email=email, password=password, **fields)


def press(browser: FlaskClient, path: str, on: str = "/owner/sign-in", ip: str = "192.0.2.1", **fields: str) -> Any:
    """Posts to `path` with the CSRF token of the page at `on`."""
    data = {"csrf_token": token(browser, on), **fields}
    return browser.post(path, data=data, environ_base={"REMOTE_ADDR": ip})


def token(browser: FlaskClient, page: str) -> str:
    found = TOKEN.search(browser.get(page).text)
    assert found, f"no form on {page}"
    return found[1]


@dataclass
class Practice:
    """Some weeks of a practice: `fill` makes them, ending at `now`."""

    session: Session
    now: datetime
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def fill(self, people: int = 60, days: int = 40) -> None:
        self.set_up()
        for number in range(people):
            self.somebody(number, self.now - timedelta(days=days * self.dice.random()))
        self.session.commit()

    def set_up(self) -> None:
        """The post, form and course that come with Funnel; nobody has come yet."""
        content_files.load(self.session, content_files.FOLDER, self.now)
        self.form: Form = self.session.scalars(select(Form)).one()
        self.course: Sequence = self.session.scalars(select(Sequence)).one()
        self.steps: list[Step] = list(self.course.steps)
        self.tip = self.link(self.steps[TIP], LinkKind.INTEREST, "https://example.org/wall", "At the wall")
        self.book = self.link(self.steps[INVITATION], LinkKind.BOOKING, "booking", "Book with Alessandro")
        self.session.add(Heartbeat(name="clock", at=self.now - timedelta(seconds=4)))
        self.session.commit()

    def link(self, step: Step, kind: LinkKind, url: str, label: str) -> Link:
        row = Link(url=url, kind=kind, label=label, step_id=step.id, created_at=self.now)
        return factories.add(self.session, row)

    def somebody(self, number: int, came: datetime) -> None:
        """One reader, from the sign-up to wherever the dice lead."""
        name, source = self.dice.choice(NAMES), self.dice.choice(SOURCES)
        email = f"{name.lower().encode('ascii', 'ignore').decode()}.{number}@example.org"
        self.view(came, source)
        confirmed = came + timedelta(minutes=11) if self.dice.random() < 0.8 else None
        person: Subscriber = factories.a_subscriber(
            self.session,
            email=email,
            first_name=name,
            source=source,
            form_id=self.form.id,
            created_at=came,
            confirmed_at=confirmed,
            state=SubscriberState.ACTIVE if confirmed else SubscriberState.PENDING,
        )
        sign_up = factories.a_sign_up(
            self.session,
            self.form,
            email=email,
            first_name=name,
            source=source,
            state=SignUpState.SETTLED,
            subscriber_id=person.id,
            created_at=came,
            settled_at=came,
            confirmed_at=confirmed,
        )
        confirmation = {"template": "confirmation", "queue": Queue.URGENT, "sign_up_id": sign_up.id}
        self.mail(person, came, kind=MessageKind.CONFIRMATION, **confirmation)
        if confirmed:
            self.read_course(person, confirmed)

    def view(self, at: datetime, source: str) -> None:
        views = self.dice.randint(3, 9)
        row = self.session.get(FormView, (self.form.id, at.date(), source))
        if row:
            row.views += views
        else:
            self.session.add(FormView(form_id=self.form.id, day=at.date(), source=source, views=views))
        self.session.flush()

    def read_course(self, person: Subscriber, started: datetime) -> None:
        enrolment = factories.an_enrolment(self.session, person, self.course, started_at=started, step_id=None)
        for step in self.steps:
            due = started + timedelta(days=step.day)
            if due > self.now:
                enrolment.step_id, enrolment.due_at, enrolment.next_at = step.id, due, due
                return
            message = self.mail(person, due, step_id=step.id, enrolment_id=enrolment.id)
            if self.ends(person, step, message, due):
                enrolment.state, enrolment.ended_at = EnrolmentState.STOPPED, due
                enrolment.reason = StopReason.BOOKED if person.state == SubscriberState.ACTIVE else StopReason.LEFT
                return
        enrolment.state, enrolment.ended_at = EnrolmentState.FINISHED, self.now

    def ends(self, person: Subscriber, step: Step, message: Message, at: datetime) -> bool:
        luck, later = self.dice.random(), min(at + timedelta(hours=3), self.now)
        if step is self.steps[TIP] and luck < 0.6:
            self.event(EventKind.CLICK, person, message, later, link_id=self.tip.id)
        if step is self.steps[INVITATION] and luck < 0.6:
            self.event(EventKind.CLICK, person, message, later, link_id=self.book.id)
        if step is self.steps[INVITATION] and luck < 0.35:
            self.booking(person, message, later)
            return True
        if luck > 0.98:
            person.state, person.ended_at = SubscriberState.UNSUBSCRIBED, later
            self.event(EventKind.UNSUBSCRIBE, person, message, later, reason="the page")
            return True
        return False

    def booking(self, person: Subscriber, message: Message | None, at: datetime, **changes: Any) -> Booking:
        values: dict[str, Any] = {
            "state": BookingState.REQUESTED,
            "how": BookingHow.PAGE,
            "subscriber_id": person.id,
            "message_id": message.id if message else None,
            "source": person.source,
            "name": person.first_name,
            "email": person.email,
            "phone": "020 7946 0000",
            "suits": "Tuesday or Thursday after 5",
            "note": "A first session, please.",
            "created_at": at,
        }
        row: Booking = factories.add(self.session, Booking(**(values | changes)))
        self.event(EventKind.BOOKING, person, message, at, booking_id=row.id)
        return row

    def event(self, kind: EventKind, person: Subscriber, message: Message | None, at: datetime, **more: Any) -> Event:
        values = {"subscriber_id": person.id, "message_id": message.id if message else None, "detail": {}}
        return factories.add(self.session, Event(kind=kind, at=at, **(values | more)))

    def mail(self, person: Subscriber | None, due: datetime, **changes: Any) -> Message:
        """A mail that was sent, unless `changes` say otherwise."""
        sent = {"state": MessageState.SENT, "sent_at": due, "ended_at": due, "attempts": 1, "reply": "250 2.0.0 Ok"}
        return factories.a_message(self.session, person, due_at=due, **(sent | changes))

    def decision(self) -> AuditEntry:
        """The owner took a mail as arrived of which nobody knew."""
        mail = self.mail(self.newcomer("Ewa"), self.now, reason=unknown.TAKEN)
        detail = {"which": f"mail-{mail.id}", "known": {"no answer came": [mail.id]}}
        return factories.add(self.session, AuditEntry(action=decisions.ACCEPTED, detail=detail, at=self.now))

    def cancellation(self) -> AuditEntry:
        """The owner cancelled a mail."""
        ended = {"state": MessageState.SKIPPED, "reason": wishes.CANCELLED, "sent_at": None}
        mail = self.mail(self.newcomer("Pia"), self.now, **ended)
        detail = {"which": f"mail-{mail.id}", "ids": [mail.id]}
        return factories.add(self.session, AuditEntry(action=cancellations.CANCELLED, detail=detail, at=self.now))

    def edits(self) -> None:
        """The first owner edited the fourth mail, and has a draft of the next edit."""
        step = self.steps[3]
        first = self.session.scalars(select(Owner.id).order_by(Owner.id).limit(1)).one()
        body = step.body.replace("only one tip", "just one tip").replace("- Keep breathing.", "- Go on breathing.")
        values, _ = wording.read(wording.typed(step) | {"subject": "Strong sides: your level", "body": body})
        editing.save(self.session, step, values, based_on=1, owner_id=first, why="saved", now=self.now)
        typed = wording.typed(step) | {"subject": "Half a thought"}
        drafts.keep(self.session, Kind.STEP, step.id, first, typed, based_on=2, version=0, now=self.now)
        self.session.commit()

    def issues(self) -> None:
        """Newsletters: a draft, one that leaves in minutes, one under way with two subjects, and one that was sent."""
        soon, ago = self.now + timedelta(minutes=4), self.now - timedelta(minutes=3)
        timed = {"scheduled_at": ago, "starts_at": soon, "send_at": soon}
        self.issue("Which chair is the best one?")
        self.issue("Three minutes on the floor", state=NewsletterState.SCHEDULED, **timed)
        begun = timed | {"starts_at": ago, "send_at": ago, "started_at": ago, "planned": 4312, "looked_at": 5000}
        tried = {"subject_b": "One hour for you", "trial_percent": 30, "trial_hours": 4, "trial_ends_at": soon}
        live = self.issue("A free hour on Thursday", state=NewsletterState.SENDING, **begun, **tried)
        parts = [self.issue(live.subject, parent_id=live.id, part=part, state=live.state) for part in (Part.A, Part.B)]
        over = {"ended_at": self.now, "planned_at": ago, "state": NewsletterState.SENT}
        sent = self.issue("What I read about backs", **(begun | over))
        for issue, taken in ((parts[0], 640), (parts[1], 652), (sent, 4301)):
            self.progress(issue, MessageState.SENT, taken)
        self.progress(sent, MessageState.FAILED, 11)
        failed = {"state": MessageState.FAILED, "reason": "there is no such address", "reply": "550 5.1.1 User unknown"}
        about = {"kind": MessageKind.NEWSLETTER, "template": "newsletter", "newsletter_id": sent.id, "sent_at": None}
        self.mail(self.newcomer("Pia"), self.now, **about, **failed)
        self.session.commit()

    def issue(self, subject: str, **changes: Any) -> Newsletter:
        words = {"subject": subject, "preheader": "The one that you leave every half an hour, and come back to."}
        body = 'Hello {{ first_name | default("there") }},\n\nThe best chair is the one that you leave.\n'
        made: Newsletter = factories.add(
            self.session, Newsletter(**words, body=body, **({"created_at": self.now} | changes))
        )
        return made

    def progress(self, issue: Newsletter, state: MessageState, mails: int) -> None:
        factories.add(self.session, Progress(newsletter_id=issue.id, state=state, mails=mails, at=self.now))

    def newcomer(self, name: str) -> Subscriber:
        came = {"created_at": self.now, "confirmed_at": self.now, "source": "instagram", "form_id": self.form.id}
        return factories.a_subscriber(self.session, first_name=name, **came)

    def trouble(self) -> None:
        """Mails that wait, were put off, failed, or whose end nobody knows."""
        people = [self.newcomer(name) for name in NAMES[:6]]
        step = self.steps[1].id
        waits = {"sent_at": None, "ended_at": None, "step_id": step, "attempts": 0, "reply": ""}
        ended = waits | {"ended_at": self.now, "attempts": 1}
        self.mail(people[0], self.now + timedelta(hours=2), **(waits | {"state": MessageState.QUEUED}))
        put_off = {"state": MessageState.DEFERRED, "reason": "the relay asked to try later", "attempts": 2}
        for person in people[1:3]:
            self.mail(person, self.now, **(waits | put_off | {"reply": "451 4.7.1 Greylisted, try again in 5 minutes"}))
        failed = {"state": MessageState.FAILED, "reason": "there is no such address"}
        self.mail(people[3], self.now, **(ended | failed | {"reply": "550 5.1.1 User unknown"}))
        lost = {"state": MessageState.UNKNOWN, "reason": "the connection was lost after the mail was handed over"}
        self.mail(people[4], self.now, **(ended | lost))
        skipped = {"state": MessageState.SKIPPED, "reason": "left before it was due"}
        self.mail(people[5], self.now, **(ended | skipped))
        self.session.commit()
