"""The cast: a form, a course of three mails, people in every state. Each maker adds one row and flushes it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from funnel import tokens
from funnel.models.content import Enrolment, Newsletter, NewsletterState, Post, Sequence, SequenceState, Step, StepKind
from funnel.models.mail import WAITING, Link, LinkKind, Message, MessageKind, MessageState, Queue
from funnel.models.people import Form, SignUp, Subscriber, SubscriberState
from funnel.models.responses import Booking, BookingHow, BookingState, Event, EventKind
from funnel.models.sending import Claim, MarketingStamp
from funnel.programme import waiting
from funnel.programme.history import among
from tests.conftest import NOW

TROUBLED = (MessageState.FAILED, MessageState.UNKNOWN)

_numbers = itertools.count(1)


def add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def a_sequence(session: Session, days: tuple[int, ...] = (0, 2, 4), **changes: Any) -> Sequence:
    number = next(_numbers)
    values = {"slug": f"course-{number}", "title": "A course", "state": SequenceState.LIVE, "created_at": NOW}
    sequence = add(session, Sequence(**(values | changes)))
    for place, day in enumerate(days):
        a_step(session, sequence, day, kind=StepKind.WELCOME if place == 0 else StepKind.TIP)
    session.refresh(sequence)
    return sequence


def a_step(session: Session, sequence: Sequence, day: int, **changes: Any) -> Step:
    number = len(sequence.steps) + 1
    values = {
        "sequence_id": sequence.id,
        "slug": f"mail-{number}",
        "day": day,
        "kind": StepKind.TIP,
        "subject": f"Mail {number}",
        "preheader": "A preheader of a fitting length for the list of mails",
        "body": 'Hello {{ first_name | default("there") }},\n\nthis is a tip.\n',
        "sources": [],
        "updated_at": NOW,
    }
    step = add(session, Step(**(values | changes)))
    session.refresh(sequence, ["steps"])
    return step


def a_form(session: Session, **changes: Any) -> Form:
    number = next(_numbers)
    if "sequence_id" not in changes:
        changes["sequence_id"] = a_sequence(session).id
    values = {
        "slug": f"form-{number}",
        "title": "Back-care tips",
        "promise": "Eight short mails in 24 days.",
        "rhythm": "Every few days, in the morning.",
        "leaving": "One click in every mail.",
        "button": "Send me the tips",
        "wording": "Send me the back-care course by mail.",
        "created_at": NOW,
    }
    return add(session, Form(**(values | changes)))


def a_post(session: Session, **changes: Any) -> Post:
    values = {
        "slug": f"post-{next(_numbers)}",
        "title": "A post",
        "summary": "What it is about.",
        "body": "Some words.\n",
        "sources": [],
        "published_at": NOW,
        "updated_at": NOW,
    }
    return add(session, Post(**(values | changes)))


def a_sign_up(session: Session, form: Form | None = None, **changes: Any) -> SignUp:
    form = form or a_form(session)
    email = changes.pop("email", f"reader-{next(_numbers)}@example.org")
    values = {
        "form_id": form.id,
        "email": email,
        "address_hash": tokens.address_hash(email),
        "wording": form.wording,
        "network": "192.0.2.1",
        "agent": "A browser",
        "nonce": b"12345678",
        "created_at": NOW,
    }
    return add(session, SignUp(**(values | changes)))


def a_subscriber(session: Session, **changes: Any) -> Subscriber:
    email = changes.pop("email", f"subscriber-{next(_numbers)}@example.org")
    values = {
        "email": email,
        "address_hash": tokens.address_hash(email) if email else None,
        "first_name": "Ada",
        "state": SubscriberState.ACTIVE,
        "created_at": NOW,
        "confirmed_at": NOW,
    }
    return add(session, Subscriber(**(values | changes)))


def an_enrolment(session: Session, subscriber: Subscriber, sequence: Sequence, **changes: Any) -> Enrolment:
    values = {
        "subscriber_id": subscriber.id,
        "sequence_id": sequence.id,
        "step_id": sequence.steps[0].id,
        "due_at": NOW,
        "next_at": NOW,
        "started_at": NOW,
    }
    return add(session, Enrolment(**(values | changes)))


def a_message(session: Session, subscriber: Subscriber | None = None, **changes: Any) -> Message:
    """A step's message by default: give `step_id` for one that can be rendered. One that waits has its queue entry."""
    number = changes.pop("id", None) or session.scalars(select(func.nextval("message_id_seq"))).one()
    due_at: datetime = changes.get("due_at", NOW)
    state = MessageState(changes.get("state", MessageState.QUEUED))
    values = {
        "id": number,
        "kind": MessageKind.STEP,
        "key": f"test:{number}",
        "template": "step",
        "queue": Queue.BULK,
        "message_id": f"<{number}.c0ffee@example.org>",
        "subscriber_id": subscriber.id if subscriber else None,
        "due_at": due_at,
        "expires_at": due_at + timedelta(days=3),
        "created_at": due_at,
        "attempts": int(state == MessageState.DEFERRED),
        "troubled_at": changes.get("ended_at", NOW) if state in TROUBLED else None,
    }
    message = add(session, Message(**(values | changes)))
    if state in WAITING:
        waiting.put(session, [message.id])
    return message


def a_claim(session: Session, *messages: Message, **changes: Any) -> Claim:
    """These mails are being sent: whoever holds the claim has taken them out of the queue."""
    ids = [message.id for message in messages]
    waiting.take(session, among(Message.id, ids))
    values = {"queue": Queue.BULK, "worker": "a test", "lease_until": NOW + timedelta(minutes=5), "made_at": NOW}
    return add(session, Claim(**(values | {"ids": ids} | changes)))


def a_stamp(session: Session, subscriber: Subscriber, at: datetime, **changes: Any) -> MarketingStamp:
    """The subscriber got a tip or newsletter at that time."""
    values = {"subscriber_id": subscriber.id, "at": at, "message_id": 0}
    stamp = session.merge(MarketingStamp(**(values | changes)))
    session.flush()
    return stamp


def a_link(session: Session, **changes: Any) -> Link:
    number = next(_numbers)
    values = {
        "url": f"https://example.org/page-{number}",
        "kind": LinkKind.CONTENT,
        "label": "A page",
        "created_at": NOW,
    }
    return add(session, Link(**(values | changes)))


def an_event(session: Session, kind: EventKind, message: Message | None = None, **changes: Any) -> Event:
    values = {
        "kind": kind,
        "at": NOW,
        "message_id": message.id if message else None,
        "subscriber_id": message.subscriber_id if message else None,
    }
    return add(session, Event(**(values | changes)))


def a_booking(session: Session, subscriber: Subscriber | None = None, **changes: Any) -> Booking:
    values = {
        "state": BookingState.REQUESTED,
        "how": BookingHow.PAGE,
        "subscriber_id": subscriber.id if subscriber else None,
        "created_at": NOW,
    }
    return add(session, Booking(**(values | changes)))


def an_issue(session: Session, **changes: Any) -> Newsletter:
    """A newsletter that was sent, unless said otherwise."""
    values = {
        "subject": f"Issue {next(_numbers)}",
        "preheader": "Which chair is the best one, and why there is none",
        "body": 'Hello {{ first_name | default("there") }},\n\nthis is a word about chairs.\n',
        "state": NewsletterState.SENT,
        "send_at": NOW,
        "created_at": NOW - timedelta(days=1),
        "ended_at": NOW + timedelta(hours=1),
    }
    return add(session, Newsletter(**(values | changes)))
