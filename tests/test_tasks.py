"""The tasks, run as a worker runs them; what they ask for next is checked by its effect."""

from datetime import timedelta

from sqlalchemy import select

from funnel.audience import settle
from funnel.db import utc_now
from funnel.insight import letters
from funnel.models.content import Enrolment
from funnel.models.house import Owner
from funnel.models.mail import Message, MessageState
from funnel.models.people import SignUp, SignUpState, Subscriber, SubscriberState
from funnel.programme import clock, transfers
from funnel.programme.transfers import Hop
from tasks import audience, insight, mail, programme, sign_ups
from tests.balance import assert_balance
from tests.factories import a_claim, a_form, a_message, a_sequence, a_sign_up, a_subscriber, add, an_enrolment


def states(session):
    session.expire_all()
    return [message.state for message in session.scalars(select(Message).order_by(Message.id))]


def test_a_sign_up_is_settled_and_its_confirmation_leaves(session, sink):
    sign_up = a_sign_up(session, created_at=utc_now())
    session.commit()
    sign_ups.settle_new()
    mail.send_urgent()
    assert [caught.recipient for caught in sink.caught] == [sign_up.email]
    assert_balance(session, waiting=0)


def test_a_sign_up_whose_hint_was_lost_is_found_by_the_tick(session, sink):
    form = a_form(session)
    for number in range(3):
        a_sign_up(session, form, created_at=utc_now(), network=f"192.0.2.{number}")
    session.commit()
    sign_ups.settle_new()
    session.expire_all()
    assert set(session.scalars(select(SignUp.state))) == {SignUpState.SETTLED}
    assert states(session) == [MessageState.QUEUED] * 3


def test_a_sign_up_that_cannot_be_settled_stops_no_other(session, sink, monkeypatch):
    form = a_form(session)
    first, second = (a_sign_up(session, form, created_at=utc_now(), network=f"192.0.2.{n}") for n in range(2))
    session.commit()
    usual = settle.settle_all
    monkeypatch.setattr(settle, "settle_all", lambda own, ids, now: 1 / (first.id not in ids) and usual(own, ids, now))
    sign_ups.settle_new()
    session.expire_all()
    assert (first.state, second.state) == (SignUpState.NEW, SignUpState.SETTLED)


def test_a_reminder_is_planned_after_a_day(session):
    a_sign_up(session, created_at=utc_now() - timedelta(hours=25))
    session.commit()
    sign_ups.settle_new()
    audience.remind()
    templates = session.scalars(select(Message.template).order_by(Message.id)).all()
    assert templates == ["confirmation", "reminder"]


def test_a_due_tip_is_planned_and_sent(session, sink, setting):
    setting(DAY_SECONDS="1")  # without windows, so that the hour of the test does not matter
    sequence, subscriber = a_sequence(session), a_subscriber(session)
    past = utc_now() - timedelta(minutes=1)
    an_enrolment(session, subscriber, sequence, step_id=sequence.steps[1].id, due_at=past, next_at=past)
    session.commit()
    programme.tick()
    mail.send_bulk()
    assert [caught.recipient for caught in sink.caught] == [subscriber.email]
    assert_balance(session, waiting=0)


def test_a_tick_goes_on_while_there_is_more_than_it_takes_at_once(session, setting, monkeypatch):
    from funnel.programme import tick

    setting(DAY_SECONDS="1")
    monkeypatch.setattr(tick, "LIMIT", 2)
    monkeypatch.setattr(tick.tick, "__defaults__", (2,))
    sequence, past = a_sequence(session), utc_now() - timedelta(minutes=1)
    for _ in range(5):
        place = {"step_id": sequence.steps[1].id, "due_at": past, "next_at": past}
        an_enrolment(session, a_subscriber(session), sequence, **place)
    session.commit()
    programme.tick()
    assert len(states(session)) == 5
    session.expire_all()
    assert set(session.scalars(select(Enrolment.step_id))) == {sequence.steps[2].id}


def test_nothing_due_is_nothing_done(session, sink):
    programme.tick()
    mail.send_bulk()
    mail.send_urgent()
    assert not sink.connections


def test_a_claim_whose_worker_died_is_reaped(session):
    subscriber = a_subscriber(session)
    lost = a_message(session, subscriber)
    a_claim(session, lost, lease_until=utc_now() - timedelta(hours=1))
    session.commit()
    mail.reap()
    session.refresh(lost)
    assert lost.state is MessageState.UNKNOWN
    assert_balance(session)


def test_the_clock_strikes(session):
    programme.strike()
    programme.strike()
    assert clock.runs(session, utc_now())


def test_retention_runs_until_nothing_is_left_to_remove(session):
    a_sign_up(session, created_at=utc_now() - timedelta(days=40))
    session.commit()
    audience.retain()
    assert not session.scalars(select(SignUp.id)).all()


def test_a_task_that_is_run_twice_does_its_work_once(session, sink):
    a_sign_up(session, created_at=utc_now())
    session.commit()
    sign_ups.settle_new()
    sign_ups.settle_new()
    mail.send_urgent()
    mail.send_urgent()
    assert len(sink.caught) == 1
    person = session.scalars(select(Subscriber)).one()
    assert person.state is SubscriberState.PENDING


def test_the_weekly_letter_leaves_at_once(session, sink, monkeypatch):
    add(session, Owner(email="alessandro@example.org", password_hash="-", session_key="-", created_at=utc_now()))
    session.commit()
    monkeypatch.setattr(letters, "GOOD_FOR", timedelta(days=8))  # whatever day the test runs on
    insight.letter()
    insight.letter()
    mail.send_urgent()
    assert [caught.recipient for caught in sink.caught] == ["alessandro@example.org"]


def test_who_an_edit_still_has_to_reach_is_moved_a_slice_at_a_time(session, monkeypatch):
    course = a_sequence(session)
    for _ in range(3):
        an_enrolment(session, a_subscriber(session), course, step_id=course.steps[1].id)
    transfers.begin(session, course.id, [Hop(course.steps[1].id, course.steps[1].id, 2)], utc_now())
    session.commit()
    monkeypatch.setattr(programme, "SLICE_S", 0.0)
    monkeypatch.setattr(transfers, "CHUNK", 1)
    monkeypatch.setattr(transfers.go_on, "__defaults__", (1,))
    monkeypatch.setattr(programme.transfer, "delay", lambda: left.append(transfers.left(session, course.id)))
    left: list[int] = []
    programme.transfer()
    assert left == [2]
    for _ in range(3):
        programme.transfer()
    assert transfers.left(session, course.id) == 0
    assert left == [2, 1, 0]
