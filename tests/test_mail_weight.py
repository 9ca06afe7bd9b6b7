"""When bounces that are not final by themselves add up."""

from datetime import timedelta

import pytest

from funnel.mail import weight
from funnel.mail.weight import SOFT_BOUNCES, SOFT_FOR
from funnel.models.mail import MessageState
from funnel.models.responses import EventKind
from tests.conftest import NOW
from tests.factories import a_message, a_subscriber, an_event

SPAN = SOFT_FOR / (SOFT_BOUNCES - 1)


@pytest.fixture
def ada(session):
    return a_subscriber(session)


def a_bounce(session, reader, ago, status="4.2.2", **changes):
    sent_at = NOW - ago - timedelta(hours=1)
    mail = a_message(session, reader, state=MessageState.SENT, sent_at=sent_at)
    return an_event(session, EventKind.BOUNCE, mail, at=NOW - ago, reason=status, **changes)


def bounces(session, reader, count=SOFT_BOUNCES, span=SPAN, status="4.2.2", **changes):
    for number in range(count):
        a_bounce(session, reader, number * span, status, **changes)


def final(session, reader, status="4.2.2"):
    return weight.is_final(session, reader.id, status, NOW)


@pytest.mark.parametrize("status", ["4.2.2", "4.4.7", "5.2.2", "5.0.0", "5.1.0", ""])
def test_five_soft_bounces_over_a_week_are_final(session, ada, status):
    bounces(session, ada, status=status)
    assert final(session, ada, status)


def test_four_or_five_within_days_are_not(session, ada):
    bounces(session, ada, SOFT_BOUNCES - 1, SOFT_FOR)
    assert not final(session, ada)
    other = a_subscriber(session)
    bounces(session, other, span=SPAN - timedelta(seconds=1))
    assert not final(session, other)


def test_a_mail_that_arrived_between_them_begins_the_count_anew(session, ada):
    bounces(session, ada)
    arrived = NOW - SPAN / 2
    a_message(session, ada, state=MessageState.SENT, sent_at=arrived)
    assert not final(session, ada)


@pytest.mark.parametrize("status", ["5.7.1", "5.7.515", "5.1.7", "5.1.8", "5.3.4", "5.4.6", "5.5.2", "5.6.1"])
def test_what_is_about_us_is_never_counted_nor_final(session, ada, status):
    bounces(session, ada, 2 * SOFT_BOUNCES, status=status)
    assert not final(session, ada, status)
    assert not final(session, ada, "4.2.2")


def test_a_delay_is_not_a_bounce(session, ada):
    bounces(session, ada, detail={"delayed": True})
    assert not final(session, ada)


def test_other_peoples_bounces_are_theirs(session, ada):
    bounces(session, a_subscriber(session))
    a_bounce(session, ada, timedelta(0))
    assert not final(session, ada)


def test_an_address_we_keep_nobody_for_is_final_only_at_once(session):
    assert weight.is_final(session, None, "5.1.1", NOW)
    assert not weight.is_final(session, None, "4.2.2", NOW)
