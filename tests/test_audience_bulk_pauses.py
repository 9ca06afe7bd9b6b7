"""Pauses of many at once: what moves with them, and how that is undone."""

from datetime import timedelta

from funnel.audience import preferences
from funnel.models.bulk import BulkAction
from funnel.models.mail import Message
from funnel.models.people import SubscriberState
from funnel.models.sending import QueueEntry
from funnel.programme import crowd, waiting
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber
from tests.test_audience_bulk import LATER, UNTIL, done, on_course, people, undone


def test_a_pause_moves_courses_as_that_of_one_person_does_and_is_undone_exactly(session):
    course = a_sequence(session)
    ada, ben = people(session, 2)
    place, other = on_course(session, ada, course), on_course(session, ben, course)
    before = place.due_at
    mail = a_message(session, ada, due_at=NOW + timedelta(hours=1), enrolment_id=place.id)
    job = done(session, BulkAction.PAUSE, [ada.id], until=UNTIL.isoformat())
    preferences.pause_until(session, ben, UNTIL, NOW)
    session.expire_all()
    assert (ada.paused_until, place.due_at.date()) == (UNTIL, other.due_at.date())
    assert mail.due_at >= UNTIL
    undone(session, job)
    assert (ada.paused_until, place.due_at, place.next_at) == (None, before, before)
    waits = session.get_one(QueueEntry, mail.id)
    assert (mail.due_at, mail.expires_at) == (NOW + timedelta(hours=1), NOW + timedelta(days=3, hours=1))
    assert (waits.due_at, waits.expires_at) == (mail.due_at, mail.expires_at)


def test_undoing_a_pause_leaves_a_mail_that_was_moved_since_and_lets_none_expire(session):
    (ada,) = people(session, 1)
    moved, short = (a_message(session, ada, due_at=NOW, expires_at=NOW + timedelta(minutes=m)) for m in (90, 3))
    job = done(session, BulkAction.PAUSE, [ada.id], until=UNTIL.isoformat())
    waiting.shift(session, timedelta(days=1), NOW, Message.id == moved.id)
    session.expire_all()
    later = moved.due_at
    undone(session, job)
    assert (moved.due_at, short.due_at) == (later, NOW)
    assert short.expires_at == LATER + crowd.LEAVES_WITHIN


def test_a_pause_is_not_undone_for_whoever_changed_it_and_not_set_for_whoever_is_paused_longer_or_left(session):
    ada, ben = people(session, 2)
    long = a_subscriber(session, paused_until=UNTIL + timedelta(days=1))
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    job = done(session, BulkAction.PAUSE, [ada.id, ben.id, long.id, gone.id], until=UNTIL.isoformat())
    session.expire_all()
    preferences.resume(session, ben, NOW)
    assert (job.looked_at, job.changed) == (4, 2)
    undone(session, job)
    assert (ada.paused_until, ben.paused_until, long.paused_until) == (None, None, UNTIL + timedelta(days=1))
    assert (job.undone, job.kept) == (1, 1)


def test_pauses_are_ended_and_set_again(session):
    ada, ben = a_subscriber(session, paused_until=UNTIL), a_subscriber(session)
    place = on_course(session, ada, a_sequence(session))
    place.due_at = place.next_at = before = UNTIL + timedelta(days=3)
    session.flush()
    job = done(session, BulkAction.RESUME, [ada.id, ben.id])
    session.expire_all()
    assert (ada.paused_until, job.changed) == (None, 1)
    assert place.due_at < before
    undone(session, job)
    assert (ada.paused_until, place.due_at) == (UNTIL, before)
