"""Whatever happens, in whatever order it is committed: the roll-ups say what the rows say."""

from contextlib import ExitStack
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, BigInteger, delete, func, literal, select, update

from funnel.audience import ending, own_data
from funnel.audience.visit import Visit
from funnel.db import Session
from funnel.insight import tallies
from funnel.mail import reap, record, unknown, wishes
from funnel.mail.ledger import Result
from funnel.mail.replies import Meaning, Outcome
from funnel.models.content import Part
from funnel.models.mail import Link, LinkKind, Message, MessageKind, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.responses import Booking, BookingState, Event, EventKind
from funnel.models.sending import Claim, QueueEntry
from funnel.programme.history import among
from funnel.response import bookings, verdict
from tests.conftest import NOW
from tests.factories import a_booking, a_claim, a_link, a_message, a_sequence, a_subscriber, an_event, an_issue
from tests.tally_reference import assert_tallies

SENT = {"state": MessageState.SENT, "sent_at": NOW, "ended_at": NOW}


def count(session):
    """As a tick does, batch after batch."""
    while (done := tallies.refresh(session, NOW, most=7, most_blocks=1)) and done.more:
        session.commit()
    session.commit()


class Life:
    """What can happen to a few people, in the session of one of several processes. They have come some way already."""

    def __init__(self, session, steps, issues):
        self.session, self.steps, self.issues = session, steps, issues
        kinds = (LinkKind.CONTENT, LinkKind.BOOKING)
        self.links = [a_link(session, kind=kind, step_id=steps[1]).id for kind in kinds]
        self.issue_links = [a_link(session, newsletter_id=issue).id for issue in issues]
        self.people = [a_subscriber(session, source="ql").id for _ in range(2)]
        self.mails = []
        for number, person in enumerate(self.people):
            self.is_sent_at_once(number)
            self.is_planned(number)
            self.is_unknown(number)
            self.gets_an_issue(number)
            self.clicks(0)
            self.bounces(number)
            mail = {"message_id": self.mails[number]} if number else {}
            a_booking(session, session.get_one(Subscriber, person), state=BookingState.BOOKED, **mail)
        session.commit()

    def signs_up(self, number):
        state = {"state": SubscriberState.PENDING, "confirmed_at": None}
        self.people.append(a_subscriber(self.session, source=("", "ql")[number % 2], **state).id)

    def confirms(self, number):
        person = self.person(number)
        person.state, person.confirmed_at, person.source = SubscriberState.ACTIVE, NOW, ("ql", "feed")[number % 2]

    def is_planned(self, number):
        self.mails.append(a_message(self.session, self.person(number), step_id=self.steps[number % 3]).id)

    def is_sent_at_once(self, number):
        """Seen for the first time when all was over."""
        self.mails.append(a_message(self.session, self.person(number), step_id=self.steps[number % 3], **SENT).id)

    def gets_an_issue(self, number):
        """Or one of its wordings, and clicks in it."""
        of = {"kind": MessageKind.NEWSLETTER, "newsletter_id": self.issues[number % 3]}
        mail = a_message(self.session, self.person(number), **of, **SENT)
        self.mails.append(mail.id)
        click = {"link_id": self.issue_links[number % 3], "machine": number % 5 == 4}
        an_event(self.session, EventKind.CLICK, mail, **click)

    def is_unknown(self, number):
        lost = {"state": MessageState.UNKNOWN, "reason": "why", "ended_at": NOW}
        self.mails.append(a_message(self.session, self.person(number), step_id=self.steps[number % 3], **lost).id)

    def is_claimed(self, number):
        entry = self.session.scalar(
            select(QueueEntry.message_id).where(among(QueueEntry.message_id, self.mails)).limit(1)
        )
        if entry:
            a_claim(self.session, self.session.get(Message, entry), a_message(self.session))

    def is_recorded(self, number):
        ours = select(Claim).where(literal(self.mails, ARRAY(BigInteger)).op("&&")(Claim.ids)).limit(1)
        meaning = (Meaning.ACCEPTED, Meaning.ACCEPTED, Meaning.UNKNOWN, Meaning.DEFERRED)[number % 4]
        if claim := self.session.scalar(ours):
            found = [one for one in reap._claimed(self.session, claim.id, claim.ids) if number % 3 or one.step_id]
            record.record(self.session, claim.id, [Result(one, Outcome(meaning, "why")) for one in found], NOW)

    def clicks(self, number):
        mail = self.session.get_one(Message, self.mail(number))
        of = {"link_id": self.links[number % 2], "machine": number % 5 == 4}
        an_event(self.session, EventKind.CLICK, mail, at=NOW - number * timedelta(minutes=1), **of)

    def bounces(self, number):
        """Or is only late; or is called spam, or left by."""
        mail = self.session.get_one(Message, self.mail(number))
        kind = (EventKind.BOUNCE, EventKind.COMPLAINT, EventKind.UNSUBSCRIBE)[number % 3]
        an_event(self.session, kind, mail, detail={"delayed": True} if number % 4 == 1 else {})

    def came_back_after_all(self, number):
        theirs = Event.subscriber_id == self.person(number).id
        self.session.execute(update(Event).where(theirs, Event.kind == EventKind.BOUNCE).values(detail={}))

    def books_by_a_mail(self, number):
        a_booking(self.session, self.person(number), message_id=self.mail(number), state=BookingState.BOOKED)

    def led_elsewhere(self, number):
        """It was another mail that led to the booking, and the link stands in another."""
        ours = Booking.subscriber_id == self.person(number).id
        self.session.execute(update(Booking).where(ours).values(message_id=self.mail(number)))
        link = update(Link).where(Link.id == self.links[number % 2])
        self.session.execute(link.values(step_id=self.steps[number % 3]))

    def is_of_another_step(self, number):
        self.session.execute(
            update(Message).where(Message.id == self.mail(number)).values(step_id=self.steps[(number + 1) % 3])
        )

    def was_a_machine(self, number):
        theirs = Event.subscriber_id == self.person(number).id
        self.session.execute(update(Event).where(theirs).values(machine=number % 2 == 0))

    def is_forgotten_after_two_years(self, number):
        self.session.execute(delete(Event).where(Event.subscriber_id == self.person(number).id))

    def books(self, number):
        bookings.mark(self.session, self.person(number).id, NOW)

    def cancels(self, number):
        ours = select(func.max(Booking.id)).where(Booking.subscriber_id == self.person(number).id)
        if booking := self.session.scalar(ours):
            verdict.cancelled(self.session, booking, NOW)

    def leaves(self, number):
        ending.leave(self.session, self.person(number).id, "page", Visit("", ""), NOW)

    def is_erased(self, number):
        own_data.erase(self.session, self.person(number).id, NOW)

    def is_taken_back_with_a_file(self, number):
        gone = {"taken_back": True, "state": SubscriberState.ERASED}
        self.session.execute(update(Subscriber).where(Subscriber.id == self.person(number).id).values(gone))

    def is_taken_as_arrived(self, number):
        known = unknown.accept(self.session, Message.id == self.mail(number))
        if known and number % 2:
            unknown.take_back(self.session, known, NOW)

    def is_sent_again(self, number):
        unknown.resend(self.session, NOW, Message.id == self.mail(number))
        ids = wishes.cancel(self.session, NOW, Message.id == self.mail(number))
        if number % 2:
            wishes.restore(self.session, ids, NOW)

    def is_merged(self, number):
        """Two rows were one person."""
        one, other = self.person(number).id, self.person(number + 1).id
        for table in (Message, Event, Booking):
            self.session.execute(update(table).where(table.subscriber_id == one).values(subscriber_id=other))

    def person(self, number):
        return self.session.get_one(Subscriber, self.people[number % len(self.people)], populate_existing=True)

    def mail(self, number):
        return self.mails[number % len(self.mails)]


HAPPENINGS = [name for name in vars(Life) if not name.startswith("_") and name not in {"person", "mail"}]
THEN = ["", "", "commits", "commits", "is counted", "commits and is counted", "dies while counting", "gives up"]
STEPS = st.tuples(st.integers(0, 1), st.sampled_from(HAPPENINGS), st.integers(0, 9), st.sampled_from(THEN))


@settings(max_examples=10, phases=(Phase.generate,), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=4, max_size=15))
def test_the_roll_ups_say_what_the_rows_say(session, story):
    with ExitStack() as stack:
        steps = [step.id for step in a_sequence(session).steps]
        issue = an_issue(session)
        issues = [issue.id, *(an_issue(session, parent_id=issue.id, part=part).id for part in (Part.A, Part.RESEND))]
        session.commit()
        lives = [Life(stack.enter_context(Session()), steps, issues) for _ in range(2)]
        count(session)
        for who, what, number, then in story:
            life = lives[who]
            getattr(life, what)(number)
            if then.startswith("commits"):
                life.session.commit()
            elif then == "gives up":
                life.session.rollback()
                life.people, life.mails = life.people[:2], life.mails[:8]
            if then.endswith("is counted"):
                count(session)
            elif then == "dies while counting":
                tallies.refresh(session, NOW, most=3)
                session.rollback()
        for life in lives:
            life.session.commit()
        count(session)
        assert_tallies(session)
        session.commit()
