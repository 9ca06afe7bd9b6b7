"""A mail that waits to be sent again, and a sign that it had arrived."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.mail import unknown
from funnel.models.mail import MessageState
from funnel.models.sending import QueueEntry
from funnel.response import doubts
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.mail_cast import a_tip, claimed

CLICKED = NOW + timedelta(minutes=5)


@pytest.fixture
def again(session):
    """A tip that was unknown, and that the owner wished sent again."""
    tip = a_tip(session, state=MessageState.UNKNOWN, reason="no answer came", attempts=1, ended_at=NOW)
    unknown.resend(session, NOW)
    session.expire_all()
    return tip


def test_whoever_follows_its_link_gets_it_no_second_time(session, again):
    doubts.arrived(session, again.id, CLICKED)
    session.expire_all()
    assert (again.state, again.reason, again.sent_at) == (MessageState.SENT, doubts.FOLLOWED, CLICKED)
    assert claimed(session) == []
    assert_balance(session, waiting=0)


def test_one_that_is_on_its_way_already_is_its_workers(session, again):
    assert claimed(session)
    doubts.arrived(session, again.id, CLICKED)
    session.expire_all()
    assert again.state == MessageState.QUEUED
    assert_balance(session, waiting=1)


def test_one_that_was_never_tried_waits_on(session):
    tip = a_tip(session)
    doubts.arrived(session, tip.id, CLICKED)
    assert session.scalars(select(QueueEntry.message_id)).all() == [tip.id]


def test_one_that_came_back_is_sent_again_all_the_same(session, again):
    doubts.came_back(session, again.id, "4.2.2", "mailbox full", CLICKED)
    assert [one.id for one in claimed(session)] == [again.id]
