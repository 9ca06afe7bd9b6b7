"""Rests: what is left alone for now, by all, and for how long."""

from datetime import timedelta

import pytest

from funnel.db import Session
from funnel.mail import rests
from funnel.models.mail import Queue
from funnel.models.sending import Rest
from tests.conftest import NOW


def begin(session, name="relay:r", now=NOW, first=5.0, longest=300.0, why="no"):
    return rests.begin(session, name, why, now, first, longest)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_a_rest_holds_until_its_time_is_over(session):
    begin(session)
    (rest,) = rests.resting(session, after(4.9))
    assert (rest.name, rest.why, rest.since, rest.until) == ("relay:r", "no", NOW, after(5))
    assert rests.resting(session, after(5)) == []


def test_each_rest_is_twice_as_long_as_the_last_up_to_the_longest(session):
    now, lengths = NOW, []
    for _ in range(9):
        begin(session, now=now)
        (rest,) = rests.resting(session, now)
        lengths.append((rest.until - now).total_seconds())
        now = rest.until + timedelta(seconds=1)
    assert lengths == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_what_several_meet_at_once_is_one_rest(session):
    assert begin(session, why="first")
    assert not begin(session, why="second", now=after(1))
    (rest,) = rests.resting(session, after(1))
    assert (rest.why, rest.until) == ("first", after(5))


def test_a_rest_can_begin_longer_than_the_last_asks_for(session):
    begin(session)
    begin(session, now=after(6), first=60)
    assert rests.resting(session, after(6))[0].until == after(66)


def test_what_has_rested_long_ago_begins_anew(session):
    begin(session, first=60)
    later = after(60) + rests.FORGOTTEN_AFTER + timedelta(seconds=1)
    begin(session, now=later)
    assert rests.resting(session, later)[0].seconds == 5


def test_once_forgotten_the_next_is_short_again_but_one_that_began_meanwhile_goes_on(session):
    begin(session)
    rests.forget(session, "relay:r", after(1))
    assert rests.resting(session, after(1))
    rests.forget(session, "relay:r", after(5))
    begin(session, now=after(6))
    assert rests.resting(session, after(6))[0].seconds == 5


def test_one_without_an_end_is_left_as_it_is_until_it_is_ended(session):
    session.add(Rest(name=rests.GUARD, why="restored", seconds=0, since=NOW, until=None))
    session.flush()
    assert not begin(session, rests.GUARD)
    assert rests.paused(rests.resting(session, NOW + timedelta(days=99)), Queue.URGENT).why == "restored"
    assert rests.known(session, NOW + timedelta(days=99)).keys() == {rests.GUARD}
    assert rests.end(session, rests.GUARD)
    assert not rests.end(session, rests.GUARD)
    assert rests.paused(rests.resting(session, NOW), Queue.URGENT) is None


def test_the_two_streams_pause_apart_and_the_guard_goes_before_both(session):
    begin(session, "stream:bulk")
    assert rests.paused(rests.resting(session, NOW), Queue.BULK).name == "stream:bulk"
    assert rests.paused(rests.resting(session, after(5)), Queue.BULK) is None
    assert rests.paused(rests.resting(session, NOW), Queue.URGENT) is None
    begin(session, rests.GUARD)
    assert rests.paused(rests.resting(session, NOW), Queue.BULK).name == rests.GUARD


def test_domains_that_rest_are_named_plainly(session):
    for name in ("domain:example.org", "relay:example.net:25", "domain:example.com"):
        begin(session, name)
    assert sorted(rests.resting_domains(rests.resting(session, NOW))) == ["example.com", "example.org"]
    assert rests.resting_domains(rests.resting(session, after(5))) == []


def test_refusals_that_are_not_enough_yet_are_no_rest_and_a_rest_begins_their_count_anew(session):
    rests.count(session, "stream:bulk", 9, NOW)
    assert rests.resting(session, NOW) == []
    assert rests.known(session, NOW)["stream:bulk"].in_a_row == 9
    begin(session, "stream:bulk", first=300)
    row = rests.known(session, NOW)["stream:bulk"]
    assert (row.in_a_row, row.seconds) == (0, 300)
    rests.count(session, "stream:bulk", 4, after(301))
    begin(session, "stream:bulk", now=after(302), first=300, longest=3600)
    assert rests.known(session, after(302))["stream:bulk"].seconds == 600


def test_old_rows_are_swept(session):
    begin(session)
    assert rests.known(session, after(5) + rests.FORGOTTEN_AFTER).keys() == {"relay:r"}
    assert not rests.known(session, after(6) + rests.FORGOTTEN_AFTER)
    assert session.get(Rest, "relay:r") is None


@pytest.mark.parametrize("first", [True, False])
def test_two_workers_at_once_begin_one_rest(session, first):
    """The second waits for the first's row, and finds that it rests already."""
    if not first:
        begin(session)
        session.commit()
    now = NOW if first else after(6)
    with Session() as other:
        assert begin(session, now=now)
        session.commit()
        assert not begin(other, now=now)
        other.rollback()
