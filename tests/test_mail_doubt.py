"""What may have left in a time that the database forgot does not leave again, unless nobody minds having it twice."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from funnel.audience import ending, withdrawals
from funnel.audience.visit import Visit
from funnel.mail import doubt, guard, journal
from funnel.mail.journal import answer, dot
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.mail import Message, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.models.sending import NEVER, Claim, MarketingStamp, QueueEntry
from funnel.programme import enrolment
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_claim, a_sequence, a_stamp, a_subscriber
from tests.journals import REFUSED, TAKEN, left_behind
from tests.mail_cast import a_confirmation, a_newsletter, a_tip
from tests.postman import deliver

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNKNOWN, QUEUED, SENT = MessageState.UNKNOWN, MessageState.QUEUED, MessageState.SENT


@pytest.fixture
def place(tmp_path: Path, setting, clean) -> Path:  # type: ignore[no-untyped-def]
    setting(DATA_DIR=str(tmp_path / "data"))
    return tmp_path / "data"


def halt(session: Session, at: datetime = NOW) -> None:
    guard.halt(session, guard.RESTORED, at)
    session.commit()
    session.expire_all()


def resume(session: Session, at: datetime = NOW + HOUR) -> int:
    found = guard.resume(session, at)
    session.commit()
    session.expire_all()
    return found


def queued(session: Session) -> set[int]:
    return set(session.scalars(select(QueueEntry.message_id)))


def test_what_was_due_at_the_halt_is_in_doubt_and_what_comes_later_is_not(place, session):
    due, newsletter = a_tip(session, due_at=NOW), a_newsletter(session, a_subscriber(session), due_at=NOW - DAY)
    later = a_tip(session, due_at=NOW + HOUR / 2)
    halt(session)
    assert due.state == QUEUED
    assert resume(session) == 2
    for mail in (due, newsletter):
        assert (mail.state, mail.reason, mail.ended_at) == (UNKNOWN, doubt.WHY, NOW + HOUR)
        assert mail.troubled_at == NOW + HOUR
    assert later.state == QUEUED
    assert queued(session) == {later.id}
    assert_balance(session, waiting=1)


def test_what_was_deferred_until_then_may_have_left_too(place, session):
    mail = a_tip(session, due_at=NOW, state="deferred", reason="busy")
    halt(session)
    assert resume(session) == 1
    assert mail.state == UNKNOWN


def test_a_confirmation_goes_again(place, session):
    mail = a_confirmation(session, due_at=NOW)
    halt(session)
    assert resume(session) == 0
    assert queued(session) == {mail.id}


def test_what_was_being_sent_when_the_backup_was_made_is_settled_at_the_halt(place, session):
    tip, confirmation = a_tip(session), a_confirmation(session)
    held = a_claim(session, tip, confirmation)
    number = held.id
    halt(session)
    assert session.scalars(select(Claim)).all() == []
    assert (tip.state, tip.claim_id, tip.reason) == (UNKNOWN, number, doubt.WHY)
    assert queued(session) == {confirmation.id}
    assert_balance(session, waiting=1)


def test_nothing_else_comes_for_twenty_hours(place, session):
    ada, bob = a_subscriber(session), a_subscriber(session)
    a_newsletter(session, ada)
    tip = a_tip(session, bob)
    a_stamp(session, bob, NOW - DAY, newsletter_at=NOW - DAY)
    halt(session)
    resume(session)
    stamps = {stamp.subscriber_id: stamp for stamp in session.scalars(select(MarketingStamp))}
    assert (stamps[ada.id].at, stamps[ada.id].newsletter_at) == (NOW, NOW)
    assert (stamps[bob.id].at, stamps[bob.id].message_id) == (NOW, tip.id)
    assert stamps[bob.id].newsletter_at == NOW - DAY


def test_a_course_goes_on_behind_the_tips_that_may_have_left(place, session):
    course, ada = a_sequence(session, days=(0, 2, 4, 7, 10)), a_subscriber(session)
    on_it = enrolment.enrol(session, ada.id, course.id, NOW)
    deliver(session, NOW)  # the backup is made; eight days of mails follow, and are lost with what came after it
    halt(session, NOW + 8 * DAY)
    assert resume(session, NOW + 8 * DAY + HOUR) == 2
    states = dict(session.execute(select(Message.step_id, Message.state)).all())
    assert states == {course.steps[0].id: SENT, course.steps[1].id: UNKNOWN, course.steps[2].id: UNKNOWN}
    assert on_it.step_id == course.steps[3].id
    assert on_it.next_at > NOW + 8 * DAY


def test_who_withdrew_is_presumed_to_have_got_nothing(place, session):
    course, ada = a_sequence(session, days=(0, 2, 4)), a_subscriber(session)
    enrolment.enrol(session, ada.id, course.id, NOW)
    deliver(session, NOW)
    session.commit()
    ending.leave(session, ada.id, "page", Visit("", ""), NOW + HOUR)
    withdrawals.write([line for lines in session.info["before_commit"].values() for line in lines])
    session.rollback()
    halt(session, NOW + 9 * DAY)
    assert resume(session, NOW + 9 * DAY + HOUR) == 0
    assert session.get_one(Subscriber, ada.id).state == SubscriberState.UNSUBSCRIBED
    assert_balance(session, waiting=0)


def test_an_issue_that_was_being_sent_is_paused_and_all_that_may_have_been_planned_are_in_doubt(place, session):
    def issue(state: NewsletterState, send_at: datetime) -> Newsletter:
        found = Newsletter(
            subject="s", body="b", state=state, send_at=send_at + HOUR, starts_at=send_at, created_at=NOW
        )
        session.add(found)
        return found

    sending = issue(NewsletterState.SENDING, NOW - HOUR)
    missed, ahead = (issue(NewsletterState.SCHEDULED, at) for at in (NOW, NOW + HOUR))
    draft, sent = issue(NewsletterState.DRAFT, NOW), issue(NewsletterState.SENT, NOW)
    whole = issue(NewsletterState.SENDING, NOW - HOUR)
    whole.planned_at = NOW
    halt(session)
    assert {one.state: one.doubted_at for one in (sending, missed, ahead, draft, sent)} == {
        "paused": NOW, "scheduled": NOW, "draft": NOW, "sent": None,
    }  # fmt: skip
    assert (whole.state, whole.doubted_at) == ("paused", None)


def test_what_was_held_in_the_backup_may_have_gone_on_and_left(place, session):
    held, later = (a_newsletter(session, a_subscriber(session), due_at=at) for at in (NOW, NOW + HOUR / 2))
    session.execute(update(QueueEntry).values(due_at=NEVER))
    halt(session)
    assert resume(session) == 1
    assert (held.state, held.reason, later.state) == (UNKNOWN, doubt.WHY, QUEUED)
    assert queued(session) == {later.id}


def test_for_whoever_knows_that_nothing_was_sent_everything_goes(place, session):
    course, ada = a_sequence(session, days=(0, 2, 4)), a_subscriber(session)
    enrolment.enrol(session, ada.id, course.id, NOW)
    deliver(session, NOW)
    tip = a_tip(session, due_at=NOW)
    session.add(Newsletter(subject="s", body="b", state=NewsletterState.SCHEDULED, created_at=NOW))
    halt(session, NOW + 9 * DAY)
    scheduled = session.scalars(select(Newsletter)).one()
    assert scheduled.doubted_at
    guard.resume_all(session, NOW + 9 * DAY)
    session.commit()
    assert queued(session) == {tip.id}
    assert scheduled.doubted_at is None
    assert guard.check(session, 0, NOW + 9 * DAY)


class TestJournals:
    """What dead processes knew is asked first."""

    def answers(self, *records: bytes) -> Path:
        return left_behind(journal.folder(), *records)

    def test_what_they_know_was_taken_is_sent(self, place, session):
        waits, held, unanswered = (a_tip(session, due_at=NOW) for _ in range(3))
        number = a_claim(session, held).id
        session.commit()
        path = self.answers(
            dot(number, held.id),
            answer(number, held.id, TAKEN),
            dot(77, waits.id),
            answer(77, waits.id, TAKEN) + dot(77, unanswered.id),
        )
        halt(session)
        assert held.state == SENT
        assert resume(session) == 2
        assert (waits.state, waits.reply) == (SENT, TAKEN.words)
        assert unanswered.state == UNKNOWN
        assert path.exists()  # the next process that sends clears up
        assert_balance(session, waiting=0)

    def test_a_bounce_they_know_of_is_one(self, place, session):
        mail = a_tip(session, due_at=NOW)
        session.commit()
        self.answers(answer(77, mail.id, REFUSED))
        halt(session)
        resume(session)
        assert mail.state == MessageState.FAILED
        assert session.get_one(Subscriber, mail.subscriber_id).state == SubscriberState.BOUNCED

    def test_a_mail_made_since_under_the_number_of_one_that_is_lost_is_another(self, place, session):
        mail = a_tip(session, due_at=NOW)
        session.commit()
        path = self.answers(answer(77, mail.id, TAKEN))
        os.utime(path, (NOW.timestamp() - 1, NOW.timestamp() - 1))
        halt(session)
        resume(session)
        assert mail.state == UNKNOWN
