import threading
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from funnel.audience import ending, preferences
from funnel.db import Session
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Pace, Subscriber, SubscriberState
from funnel.models.sending import QueueEntry
from tests.audience_cast import VISIT
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_subscriber, an_enrolment

DAY = timedelta(days=1)
NINE = datetime(2026, 3, 4, 9, 0, tzinfo=ZoneInfo("Europe/London"))


@pytest.fixture
def ada(session) -> Subscriber:
    """On a course whose mails may come on any day."""
    ada = a_subscriber(session)
    an_enrolment(session, ada, a_sequence(session, weekends=True), due_at=NINE, next_at=NINE)
    return ada


def due(session) -> datetime:
    session.expire_all()
    return session.scalars(select(Enrolment.due_at)).one()


def test_a_pause_is_thirty_days_and_the_course_comes_after_it(session, ada):
    preferences.pause(session, ada, NOW)
    assert ada.paused_until == NOW + 30 * DAY
    assert due(session).date() == (NINE + 30 * DAY).date()


def test_pausing_twice_is_pausing_once(session, ada):
    preferences.pause(session, ada, NOW)
    before = due(session)
    preferences.pause(session, ada, NOW + DAY)
    assert (ada.paused_until, due(session)) == (NOW + 30 * DAY, before)


def test_two_presses_at_once_shift_the_course_once(session, ada):
    subscriber_id = ada.id
    session.commit()

    def press() -> None:
        with Session.begin() as own:
            preferences.pause(own, own.get_one(Subscriber, subscriber_id), NOW)

    presses = [threading.Thread(target=press) for _ in range(4)]
    [thread.start() for thread in presses]
    [thread.join() for thread in presses]
    assert due(session).date() == (NINE + 30 * DAY).date()


def test_a_pause_in_a_rehearsal_is_thirty_of_its_days(session, ada, setting):
    setting(DAY_SECONDS="1")
    preferences.pause(session, ada, NOW)
    assert ada.paused_until == NOW + timedelta(seconds=30)
    assert due(session) == NINE + timedelta(seconds=30)


def test_a_tip_that_waits_is_paused_with_its_course(session, ada):
    tip = a_message(session, ada, due_at=NOW - DAY, expires_at=NOW + DAY, state=MessageState.DEFERRED)
    late = a_message(session, ada, due_at=NOW + 2 * DAY, expires_at=NOW + 5 * DAY)
    sent = a_message(session, ada, state=MessageState.SENT)
    welcome = a_message(session, ada, queue=Queue.URGENT)
    notice = a_message(session, ada, kind=MessageKind.NOTICE)
    preferences.pause(session, ada, NOW)
    session.expire_all()
    assert (tip.due_at, tip.expires_at) == (NOW + 30 * DAY, NOW + 31 * DAY)
    assert (late.due_at, late.expires_at) == (NOW + 32 * DAY, NOW + 35 * DAY)
    assert [row.due_at for row in (sent, welcome, notice)] == [NOW, NOW, NOW]
    waits = dict(session.execute(select(QueueEntry.message_id, QueueEntry.due_at)).all())
    assert waits == {row.id: row.due_at for row in (tip, late, welcome, notice)}


def test_resuming_brings_the_course_back_by_what_was_left(session, ada):
    preferences.pause(session, ada, NOW)
    preferences.resume(session, ada, NOW + 10 * DAY + timedelta(hours=3))
    assert ada.paused_until is None
    assert due(session).date() == (NINE + 10 * DAY).date()


def test_resuming_at_once_leaves_everything_where_it_was(session, ada):
    tip = a_message(session, ada, due_at=NOW + DAY, expires_at=NOW + 3 * DAY)
    before = due(session)
    preferences.pause(session, ada, NOW)
    preferences.resume(session, ada, NOW + timedelta(minutes=1))
    session.expire_all()
    assert due(session).date() == before.date()
    assert (tip.due_at, tip.expires_at) == (NOW + DAY, NOW + 3 * DAY)


def test_resuming_twice_or_after_the_pause_moves_nothing(session, ada):
    preferences.pause(session, ada, NOW)
    after = due(session)
    preferences.resume(session, ada, NOW + 31 * DAY)
    preferences.resume(session, ada, NOW + 31 * DAY)
    assert (ada.paused_until, due(session)) == (None, after)


def test_monthly_ends_the_course_and_keeps_the_newsletter(session, ada):
    tip, letter = a_message(session, ada), a_message(session, ada, kind=MessageKind.NEWSLETTER)
    preferences.monthly(session, ada, NOW)
    preferences.monthly(session, ada, NOW + DAY)
    session.expire_all()
    enrolment = session.scalars(select(Enrolment)).one()
    assert (ada.state, ada.pace) == (SubscriberState.ACTIVE, Pace.MONTHLY)
    assert (enrolment.state, enrolment.reason, enrolment.ended_at) == (
        EnrolmentState.STOPPED,
        StopReason.PREFERENCE,
        NOW,
    )
    assert (tip.state, letter.state) == (MessageState.SKIPPED, MessageState.QUEUED)


def test_all_mails_does_not_restart_a_course(session, ada):
    preferences.monthly(session, ada, NOW)
    preferences.all_mails(session, ada, NOW)
    preferences.all_mails(session, ada, NOW)
    assert ada.pace == Pace.ALL
    assert session.scalars(select(Enrolment.state)).one() == EnrolmentState.STOPPED


def test_who_left_has_nothing_to_choose(session, ada):
    ending.leave(session, ada.id, "page", VISIT, NOW)
    for choice in (preferences.pause, preferences.monthly, preferences.all_mails, preferences.resume):
        choice(session, ada, NOW)
    assert (ada.state, ada.pace, ada.paused_until) == (SubscriberState.UNSUBSCRIBED, Pace.ALL, None)


def test_a_name_is_corrected(session, ada):
    preferences.rename(session, ada, "  Zoe\u0308 ", NOW)
    session.expire_all()
    assert ada.first_name == "Zoë"


def test_a_name_that_cannot_stand_in_a_mail_is_not_taken(session, ada):
    with pytest.raises(ValueError, match="hidden sign"):
        preferences.rename(session, ada, "Ada\r\nBcc: eve@example.org", NOW)
    assert ada.first_name == "Ada"


def test_an_erased_person_gets_no_name(session):
    nobody = a_subscriber(session, state=SubscriberState.ERASED, first_name="")
    preferences.rename(session, nobody, "Ada", NOW)
    assert nobody.first_name == ""


@pytest.mark.parametrize(
    "name", ["", "Ada", "Zoë", "李小龍", "محمد", "👩🏽‍⚕️", "O'Brien", "Jean-Luc", "M.Teresa", "n/a", "x" * 80]
)
def test_a_real_name_is_taken(name):
    assert preferences.name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("x" * 81, "80 signs"),
        ("Ada\nBcc: x", "hidden sign"),
        ("Ada\r", None),
        ("A\x00da", "hidden sign"),
        ("A\u2028da", "hidden sign"),
        ("A\u2029da", "hidden sign"),
        ("A\ud800da", "hidden sign"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "=?"),
    ],
)
def test_a_name_that_would_break_a_header_is_refused_with_the_mend(name, mend):
    problem = preferences.name_problem(name)
    assert problem is None if mend is None else mend in problem


@pytest.mark.parametrize("name", ["You won: evil.example", "https://x", "x.co/win", "WWW.evil.example", "eve@x"])
def test_a_name_that_mail_programs_would_make_a_link_of_is_refused(name):
    assert "web and mail addresses" in preferences.name_problem(name)


def test_messages_of_other_people_stay_where_they_are(session, ada):
    other = a_message(session, a_subscriber(session))
    preferences.pause(session, ada, NOW)
    assert session.scalar(select(Message.due_at).where(Message.id == other.id)) == NOW
