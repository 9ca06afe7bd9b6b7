"""Issues that were sent, and what their readers did with them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from funnel.insight import tallies
from funnel.models.content import Newsletter, NewsletterState, Part
from funnel.models.mail import Link, LinkKind, Message, MessageKind, MessageState
from funnel.models.people import Subscriber
from funnel.models.responses import BookingState, EventKind
from funnel.models.sending import Progress
from tests.factories import a_booking, a_link, a_message, a_subscriber, add, an_event, an_issue

BODY = (
    'Hello {{ first_name | default("there") }},\n\nread [what helps](https://example.org/helps) and '
    "[why](https://example.org/why).\n\n[Book with me]({{ booking_link }})\n"
)
PLACES = (
    (LinkKind.CONTENT, "https://example.org/helps", "what helps"),
    (LinkKind.CONTENT, "https://example.org/why", "why"),
    (LinkKind.BOOKING, "booking", "Book with me"),
    (LinkKind.CANARY, "http://127.0.0.1:8000/#", "canary"),
)


@dataclass
class Newsroom:
    """`now` is when one looks; an issue began so long `ago`."""

    session: Session
    now: datetime
    dice: random.Random = field(default_factory=lambda: random.Random(7))

    def readers(self, count: int) -> list[Subscriber]:
        return [a_subscriber(self.session) for _ in range(count)]

    def issue(self, ago: timedelta = timedelta(days=4), **changes: Any) -> Newsletter:
        began = self.now - ago
        words = {"subject": "Chairs", "body": BODY, "started_at": began, "send_at": began, "created_at": began}
        return an_issue(self.session, **(words | {"ended_at": began + timedelta(hours=1)} | changes))

    def wording(self, issue: Newsletter, part: Part, **changes: Any) -> Newsletter:
        of = {"parent_id": issue.id, "part": part, "started_at": issue.started_at, "send_at": issue.send_at}
        return self.issue(**(of | {"created_at": issue.created_at} | changes))

    def sent(self, issue: Newsletter, people: Sequence[Subscriber], state: str = "sent") -> list[Message]:
        """A mail of it to each, accounted for as the engine does."""
        at = issue.started_at or self.now
        of = {"kind": MessageKind.NEWSLETTER, "newsletter_id": issue.id, "due_at": at}
        ended = {"state": MessageState(state), "sent_at": at if state == "sent" else None, "ended_at": at}
        mails = [a_message(self.session, person, **of, **ended) for person in people]
        values = {"newsletter_id": issue.id, "state": MessageState(state), "mails": len(mails), "at": at}
        add(self.session, Progress(**values))
        return mails

    def links(self, issue: Newsletter) -> list[Link]:
        """Its rows, the canary last."""
        return [
            a_link(self.session, kind=kind, url=url, label=label, newsletter_id=issue.id)
            for kind, url, label in PLACES
        ]  # fmt: skip

    def click(self, mail: Message, link: Link, after: timedelta = timedelta(hours=1), **changes: Any) -> None:
        at = (mail.sent_at or self.now) + after
        an_event(self.session, EventKind.CLICK, mail, **({"link_id": link.id, "at": at} | changes))

    def happens(self, mail: Message, links: Sequence[Link]) -> None:
        """Whatever the dice lead somebody to do with a mail."""
        for _ in range(self.dice.randint(0, 3)):
            link = self.dice.choice(links)
            machine = self.dice.random() < 0.4 or link.kind == LinkKind.CANARY
            whose = {} if self.dice.random() < 0.9 else {"subscriber_id": None}
            self.click(mail, link, timedelta(minutes=self.dice.randint(0, 4000)), machine=machine, **whose)
        luck = self.dice.random()
        if luck < 0.3:
            kind = self.dice.choice([EventKind.BOUNCE, EventKind.COMPLAINT, EventKind.UNSUBSCRIBE])
            detail = {"delayed": True} if self.dice.random() < 0.3 else {}
            for _ in range(self.dice.randint(1, 2)):
                an_event(self.session, kind, mail, detail=detail, at=mail.sent_at or self.now)
        elif luck < 0.5:
            person = self.session.get_one(Subscriber, mail.subscriber_id)
            state = self.dice.choice([BookingState.BOOKED, BookingState.CANCELLED])
            a_booking(self.session, person, message_id=mail.id, state=state)

    def family(self, people: int = 60, **changes: Any) -> Newsletter:
        """An issue tried with two subjects and sent once more to some; `changes` are the issue's."""
        trial = {"subject_b": "Why chairs", "trial_percent": 67, "trial_hours": 4}
        issue, folk = self.issue(**trial, **changes), self.readers(people)
        third = people // 3
        shares = {Part.A: folk[:third], Part.B: folk[third : 2 * third], Part.REST: folk[2 * third :]}
        self.links(issue)
        for part, theirs in shares.items():
            wording = self.wording(issue, part, subject="Why chairs" if part is Part.B else issue.subject)
            self.read(wording, theirs)
        self.sent(issue, self.readers(2), "failed")
        again = self.wording(issue, Part.RESEND, subject="Once more: chairs")
        self.read(again, folk[::4])
        return issue

    def read(self, issue: Newsletter, people: Sequence[Subscriber]) -> None:
        """Sent to these people, and whatever they did."""
        links = self.links(issue)
        for mail in self.sent(issue, people):
            self.happens(mail, links)

    def counted(self) -> None:
        """The roll-ups say what the rows say."""
        self.session.commit()
        while tallies.refresh(self.session, self.now).more:
            pass
        self.session.commit()


def shelf(session: Session, now: datetime, first_id: int = 900) -> Newsletter:
    """Some issues of the past, and `first_id` with everything that an issue can have; the next has only begun."""
    room = Newsroom(session, now)
    for number in range(1, 4):
        room.read(
            room.issue(timedelta(days=30 * number), id=first_id - number, subject=f"News of month {number}"),
            room.readers(40),
        )
    issue = room.family(90, id=first_id, ago=timedelta(hours=30))
    room.issue(timedelta(0), id=first_id + 1, state=NewsletterState.SENDING, ended_at=None)
    session.commit()
    return issue
