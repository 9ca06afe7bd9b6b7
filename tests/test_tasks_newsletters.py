"""The clock's task for newsletters: begins, plans in slices, and lets no issue hold up another."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from funnel.audience import dispatch, orders
from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.programme.outgoing import Order
from tasks import newsletters
from tests.issue_cast import an_issue, readers, whose


@pytest.fixture
def asked(monkeypatch):
    """What the task asks for afterwards."""
    found = []
    monkeypatch.setattr(newsletters.send_bulk, "delay", lambda: found.append("send"))
    monkeypatch.setattr(newsletters.work, "delay", lambda: found.append("work"))
    return found


def scheduled(session):
    issue = an_issue(session)
    orders.place(session, issue.id, Order(), utc_now())
    session.execute(update(Newsletter).where(Newsletter.id == issue.id).values(starts_at=utc_now()))
    session.commit()
    return issue


def test_it_begins_what_is_due_plans_it_and_asks_for_it_to_be_sent(session, asked):
    people = readers(session, 3)
    issue = scheduled(session)
    newsletters.work()
    assert (whose(session), issue.state) == (people, NewsletterState.SENDING)
    assert asked == ["send"]


def test_where_its_time_is_over_it_asks_for_the_next_turn(session, asked, monkeypatch):
    readers(session, 3)
    scheduled(session)
    monkeypatch.setattr(newsletters, "SLICE_S", 0)
    newsletters.work()
    assert asked == ["send", "work"]


def test_an_issue_that_cannot_be_worked_on_holds_up_no_other(session, asked, monkeypatch, caplog):
    readers(session, 1)
    first, other = scheduled(session), scheduled(session)
    kept, broken = dispatch.step, first.id
    monkeypatch.setattr(
        dispatch, "step", lambda own, number, now: 1 / 0 if number == broken else kept(own, number, now)
    )
    newsletters.work()
    assert len(whose(session, other)) == 1
    assert f"newsletter {broken} cannot be worked on" in caplog.text


def test_what_is_not_due_is_left_alone(session, asked):
    readers(session, 1)
    issue = scheduled(session)
    session.execute(update(Newsletter).values(starts_at=utc_now() + timedelta(minutes=1)))
    session.commit()
    newsletters.work()
    assert (session.scalars(select(Newsletter.state)).one(), asked, issue.planned) == (NewsletterState.SCHEDULED, [], 0)
