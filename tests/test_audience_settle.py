import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text, true

from funnel import tokens
from funnel.audience import reminding, settle, suppression
from funnel.db import Session, engine
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState, Subscriber, SuppressionReason
from tests.audience_cast import count, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_sign_up

DAY = timedelta(days=1)


def test_a_sign_up_is_settled_once(session):
    row = a_sign_up(session)
    assert settle.waiting(session) == [row.id]
    assert settle.settle(session, row.id, NOW)
    assert not settle.settle(session, row.id, NOW)
    assert not settle.settle(session, 4711, NOW)
    assert settle.waiting(session) == []
    assert (row.state, row.settled_at) == (SignUpState.SETTLED, NOW)
    assert templates(session) == ["confirmation"]


def test_what_waits_is_told_oldest_first_and_not_all_at_once(session, monkeypatch):
    ids = [a_sign_up(session).id for _ in range(5)]
    monkeypatch.setattr(settle, "AT_ONCE", 3)
    assert settle.waiting(session) == ids[:3]
    assert settle.waiting(session, ids[1:3]) == [ids[0], *ids[3:5]]


def test_two_workers_do_not_settle_one_sign_up_twice(session):
    row = a_sign_up(session)
    session.commit()
    with Session.begin() as one, Session.begin() as other:
        assert settle.settle(one, row.id, NOW)
        assert not settle.settle(other, row.id, NOW)
    assert templates(session) == ["confirmation"]


def test_two_sign_ups_of_one_address_settled_at_once_lead_to_one_mail(session):
    form = a_form(session)
    first, second = (a_sign_up(session, form, email=email) for email in ("ada@example.org", "ADA@example.org"))
    ids = [first.id, second.id]
    session.commit()
    with Session.begin() as one:
        settle.settle(one, ids[0], NOW)
        other = threading.Thread(target=_settle, args=(ids[1],))
        other.start()
        _wait_for_a_lock()
    other.join()
    assert templates(session) == ["confirmation"]
    assert sorted(session.scalars(select(SignUp.reason))) == [settle.ADDRESS_LIMIT, "confirmation planned"]


@pytest.mark.slow  # the ledger's tests hold the same in small
def test_ten_thousand_sign_ups_for_one_address_lead_to_five_mails_a_month(session):
    form = a_form(session)
    for round_ in range(50):  # over 29 days
        now = NOW + round_ * timedelta(hours=14)
        _bulk(session, form, 200, now, email="victim@example.org")
        while waiting := settle.waiting(session):
            for sign_up_id in waiting:
                settle.settle(session, sign_up_id, now)
        reminding.remind(session, now)
    assert count(session, SignUp) == 10_000
    assert count(session, SignUp, SignUp.state == SignUpState.NEW) == 0
    assert count(session, Message) == 5


def test_ten_thousand_at_once_do_not_hold_up_somebody_else(session):
    form = a_form(session)
    _bulk(session, form, 10_000, NOW, email="victim@example.org")
    other = a_sign_up(session, form)
    calls = 0
    while waiting := settle.waiting(session):
        for sign_up_id in waiting:
            calls += settle.settle(session, sign_up_id, NOW)
    assert calls <= 3
    assert other.state == SignUpState.SETTLED
    assert count(session, Message) == 2


@pytest.mark.parametrize(
    "reason",
    [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.OWNER],
)
def test_a_suppressed_address_gets_no_mail(session, reason):
    suppression.suppress(session, tokens.address_hash("ada@example.org"), reason, NOW)
    row = signs_up(session, a_form(session))
    assert (row.state, row.reason) == (SignUpState.REFUSED, f"suppressed: {reason}")
    assert (count(session, Message), count(session, Subscriber)) == (0, 0)


def test_an_erased_address_may_ask_again(session):
    suppression.suppress(session, tokens.address_hash("ada@example.org"), SuppressionReason.ERASURE, NOW)
    assert signs_up(session, a_form(session)).state == SignUpState.SETTLED
    assert templates(session) == ["confirmation"]


def test_a_sixth_sign_up_within_an_hour_from_one_network_is_refused(session):
    form = a_form(session)
    rows = [signs_up(session, form, f"reader-{n}@example.org", network="192.0.2.7") for n in range(6)]
    assert [row.state for row in rows] == [SignUpState.SETTLED] * 5 + [SignUpState.REFUSED]
    assert rows[5].reason == settle.NETWORK_LIMIT
    other = signs_up(session, form, "other@example.org", network="2001:db8::/64")
    assert other.state == SignUpState.SETTLED
    later = signs_up(session, form, "later@example.org", NOW + timedelta(minutes=61), network="192.0.2.7")
    assert later.state == SignUpState.SETTLED


def test_two_sign_ups_of_one_network_settled_at_once_do_not_pass_its_limit(session):
    form = a_form(session)
    for n in range(4):
        signs_up(session, form, f"reader-{n}@example.org", network="192.0.2.7")
    ids = [a_sign_up(session, form, network="192.0.2.7").id for _ in range(2)]
    session.commit()
    with Session.begin() as one:
        settle.settle(one, ids[0], NOW)
        other = threading.Thread(target=_settle, args=(ids[1],))
        other.start()
        _wait_for_a_lock()
    other.join()
    assert count(session, Message) == 5


def test_a_sign_up_that_waited_for_a_week_is_not_answered(session):
    row = a_sign_up(session)
    settle.settle(session, row.id, NOW + 7 * DAY)
    assert (row.state, row.reason) == (SignUpState.REFUSED, settle.TOO_OLD)


def _settle(sign_up_id: int) -> None:
    with Session.begin() as own:
        settle.settle(own, sign_up_id, NOW)


def _wait_for_a_lock() -> None:
    """Until some transaction waits for an advisory lock, as the second worker does."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(waiting).scalar_one():
            time.sleep(0.01)


def _bulk(session, form, number: int, now, email: str) -> None:
    """So many sign-ups for one address, each from another network."""
    row = a_sign_up(session, form, email=email, created_at=now)
    columns = [column for column in SignUp.__table__.columns if column.name not in {"id", "network"}]
    each = func.generate_series(2, number).table_valued("number").render_derived()
    copies = select(*columns, func.concat("10.0.0.", each.c.number)).join(each, true()).where(SignUp.id == row.id)
    session.execute(insert(SignUp).from_select([*(column.name for column in columns), "network"], copies))
