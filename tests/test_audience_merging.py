"""Two entries of one person become one: the stricter wish wins, nothing comes twice, old links still work."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from funnel.audience import ending, holdings, merging, pointer, suppression, tags
from funnel.db import Session
from funnel.insight import timeline
from funnel.models.content import EnrolmentState
from funnel.models.mail import MessageState
from funnel.models.people import Pace, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Booking, Event, EventKind
from funnel.response import bookings
from tests.audience_cast import VISIT
from tests.conftest import NOW
from tests.factories import (
    a_booking,
    a_message,
    a_sequence,
    a_subscriber,
    an_enrolment,
    an_event,
)

EARLIER = NOW - timedelta(days=9)


@pytest.fixture
def kept(session):
    return a_subscriber(session, email="ada@example.org", first_name="", source="instagram")


@pytest.fixture
def double(session):
    return a_subscriber(session, email="ada.l@example.org", created_at=EARLIER, source="ql", time_zone="Europe/Rome")


def test_what_the_duplicate_did_is_the_one_s_who_stays(session, kept, double):
    mail = a_message(session, double, state=MessageState.SENT, sent_at=EARLIER)
    an_event(session, EventKind.CLICK, mail)
    a_booking(session, double)
    tag = tags.tag(session, "vip", NOW)
    for person in (kept, double):
        tags.put(session, tag.id, [person.id], NOW)
    tags.put(session, tags.tag(session, "walks", NOW).id, [double.id], NOW)
    merging.merge(session, kept.id, double.id, NOW)
    assert set(session.scalars(select(Event.subscriber_id))) == set(session.scalars(select(Booking.subscriber_id)))
    assert [one.name for one in tags.of(session, kept.id)] == ["vip", "walks"]
    assert tags.of(session, double.id) == []
    assert (kept.first_name, kept.time_zone, kept.source) == ("Ada", "Europe/Rome", "ql")
    assert "Sent: step" in [entry.words for entry in timeline.of(session, kept.id, NOW)]
    assert len(holdings.of(session, kept)["mails"]) == 1


def test_of_the_duplicate_a_pointer_is_left_that_follows_further_merging(session, kept, double):
    third = a_subscriber(session)
    merging.merge(session, kept.id, double.id, NOW)
    assert (double.state, double.email, double.address_hash) == (SubscriberState.ERASED, None, None)
    merging.merge(session, third.id, kept.id, NOW)
    session.expire_all()
    assert [pointer.kept(session, one.id) for one in (kept, double, third)] == [third.id] * 3
    assert pointer.all_of(session, third.id) == [kept.id, double.id, third.id]


# Across: the one kept. Down: the duplicate.
TABLE = """
             pending      active       unsubscribed bounced      complained
pending      pending      active       unsubscribed bounced      complained
active       pending      active       unsubscribed bounced      complained
unsubscribed unsubscribed unsubscribed unsubscribed unsubscribed complained
bounced      pending      active       unsubscribed bounced      complained
complained   complained   complained   complained   complained   complained
"""
OWN, *ROWS = (line.split() for line in TABLE.strip().splitlines())
PAIRS = [(own, other, after) for other, *row in ROWS for own, after in zip(OWN, row, strict=True)]


@pytest.mark.parametrize(("own", "other", "after"), PAIRS)
def test_the_stricter_wish_wins(session, kept, double, own, other, after):
    kept.state, double.state = SubscriberState(own), SubscriberState(other)
    assert merging.merge(session, kept.id, double.id, NOW).state == after


def test_the_table_knows_every_state_but_the_erased():
    assert {*OWN} == {row[0] for row in ROWS} == {*SubscriberState} - {SubscriberState.ERASED}


def test_fewer_mails_and_a_pause_hold_for_both_and_so_does_what_the_owner_decided(session, kept, double):
    until = NOW + timedelta(days=9)
    double.pace, double.paused_until = Pace.MONTHLY, until
    suppression.suppress(session, double.address_hash, SuppressionReason.OWNER, NOW)
    merging.merge(session, kept.id, double.id, NOW)
    assert (kept.pace, kept.paused_until) == (Pace.MONTHLY, until)
    assert suppression.reason(session, kept.address_hash) is SuppressionReason.OWNER


def test_the_links_in_mails_to_the_duplicate_still_work(session, kept, double):
    merging.merge(session, kept.id, double.id, NOW)
    assert bookings.said_booked(session, double.id, 0, NOW)
    assert session.scalars(select(Booking.subscriber_id)).one() == kept.id
    assert ending.leave(session, double.id, "link", VISIT, NOW)
    assert ending.complained(session, double.id, NOW)
    session.refresh(kept)
    assert kept.state is SubscriberState.COMPLAINED


def test_an_old_address_that_bounces_later_does_not_end_the_one_kept(session, kept, double):
    merging.merge(session, kept.id, double.id, NOW)
    assert not ending.bounced(session, double.id, NOW)
    session.refresh(kept)
    assert kept.state is SubscriberState.ACTIVE


def test_nobody_is_merged_into_themselves_or_with_somebody_who_is_gone(session, kept, double):
    with pytest.raises(ValueError, match="same entry"):
        merging.merge(session, kept.id, kept.id, NOW)
    double.state = SubscriberState.ERASED
    with pytest.raises(ValueError, match="nothing is left"):
        merging.merge(session, kept.id, double.id, NOW)


@pytest.mark.parametrize("who_booked", ["kept", "double"])
def test_whoever_booked_is_on_no_course_any_more(session, kept, double, who_booked, request):
    enrolled = an_enrolment(session, double, a_sequence(session))
    a_booking(session, request.getfixturevalue(who_booked))
    merging.merge(session, kept.id, double.id, NOW)
    session.refresh(enrolled)
    assert (enrolled.subscriber_id, enrolled.state) == (kept.id, EnrolmentState.STOPPED)


def test_the_address_given_up_is_not_brought_in_again_by_others(session, kept, double):
    given_up = double.address_hash
    merging.merge(session, kept.id, double.id, NOW)
    assert suppression.reason(session, given_up) == SuppressionReason.ERASURE


@pytest.mark.parametrize("kind", ["leave", "complain"])
def test_who_leaves_by_an_old_link_while_they_are_merged_has_left(session, kept, double, kind):
    kept_id, double_id = kept.id, double.id
    session.commit()

    def end():
        with Session.begin() as own:
            if kind == "leave":
                ending.leave(own, double_id, "the button", VISIT, NOW)
            else:
                ending.complained(own, double_id, NOW)

    merging.merge(session, kept_id, double_id, NOW)
    with ThreadPoolExecutor(1) as other:
        ended = other.submit(end)
        while not waits_for_a_lock() and not ended.done():
            pass
        session.commit()
        ended.result(30)
    after = {"leave": SubscriberState.UNSUBSCRIBED, "complain": SubscriberState.COMPLAINED}
    session.expire_all()
    assert session.get(Subscriber, kept_id).state == after[kind]


def waits_for_a_lock():
    with Session() as own:
        return own.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))
