"""An issue leaves at one moment or at one hour of everybody's own clock, over both changes of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from funnel.audience import dispatch
from funnel.db import Session
from funnel.models.content import ZoneMode
from funnel.models.sending import QueueEntry
from funnel.programme import calendar, newsletters, outgoing, send_times
from tests.conftest import NOW
from tests.factories import a_subscriber
from tests.issue_cast import an_issue, mails, place, work

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def utc(*at):
    return datetime(*at, tzinfo=UTC)


def wall_of(*at):
    return utc(*at).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        (wall_of(2026, 3, 28, 9, 0), utc(2026, 3, 28, 9)),
        (wall_of(2026, 3, 30, 9, 0), utc(2026, 3, 30, 8)),  # the clocks went forward the night before the 29th
        (wall_of(2026, 3, 29, 1, 30), utc(2026, 3, 29, 1, 30)),  # there is no such time: an hour later on the clock
        (wall_of(2026, 10, 25, 1, 30), utc(2026, 10, 25, 0, 30)),  # it comes twice: the first
        (wall_of(2026, 10, 26, 9, 0), utc(2026, 10, 26, 9)),
    ],
)
def test_a_time_of_the_practices_clock_is_right_when_the_clocks_change(clean, wall, instant):
    assert send_times.moment(wall) == instant


def test_a_time_with_a_zone_is_none_of_the_practices_clock(clean):
    with pytest.raises(ValueError, match="no zone"):
        send_times.moment(NOW)


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        (wall_of(2026, 3, 27, 9), "America/New_York", utc(2026, 3, 27, 13)),  # theirs have changed already
        (wall_of(2026, 3, 30, 9), "Europe/Berlin", utc(2026, 3, 30, 7)),
        (wall_of(2026, 3, 29, 2, 30), "Europe/Berlin", utc(2026, 3, 29, 1, 30)),  # not there: 03:30
        (wall_of(2026, 10, 25, 2, 30), "Europe/Berlin", utc(2026, 10, 25, 0, 30)),  # twice: the first
        (wall_of(2026, 10, 26, 9), "America/New_York", utc(2026, 10, 26, 13)),  # theirs have not yet
        (wall_of(2026, 10, 5, 9), "Australia/Sydney", utc(2026, 10, 4, 22)),
        (wall_of(2026, 3, 28, 9), "No/Where", utc(2026, 3, 28, 9)),  # the practice's
    ],
)
def test_the_hour_of_a_readers_own_clock_is_right_when_the_clocks_change(clean, wall, zone, instant):
    assert send_times.own(send_times.moment(wall), calendar.zone(zone), LONG_AGO) == instant


@given(
    wall=st.datetimes(wall_of(2026, 1, 1), wall_of(2027, 12, 31)).map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES),
    ahead=st.integers(0, 72),
)
def test_everybody_gets_it_at_that_hour_and_never_before_it_was_scheduled(wall, zone, ahead):
    send_at = send_times.moment(wall)
    soonest = send_at - ahead * HOUR
    found = send_times.own(send_at, ZoneInfo(zone), soonest)
    shown, wanted = found.astimezone(ZoneInfo(zone)), send_at.astimezone(ZoneInfo("Europe/London"))
    assert soonest <= found < soonest + timedelta(days=3) + 15 * HOUR
    jumped = timedelta(hours=shown.hour, minutes=shown.minute) - timedelta(hours=wanted.hour, minutes=wanted.minute)
    assert jumped in (timedelta(0), HOUR)  # an hour later where a clock passes that time over


def test_by_readers_clocks_each_mail_is_due_at_their_hour(session):
    """The night before, the clocks of London and Berlin go back; those of New York do a week later."""
    zones = {"": utc(2026, 10, 25, 9), "Europe/Berlin": utc(2026, 10, 25, 8), "America/New_York": utc(2026, 10, 25, 13)}
    zones |= {"Not/There": utc(2026, 10, 25, 9), "Asia/Kolkata": utc(2026, 10, 25, 3, 30)}
    people = {a_subscriber(session, time_zone=zone).id: at for zone, at in zones.items()}
    at = send_times.moment(wall_of(2026, 10, 25, 9))
    issue = place(session, an_issue(session), at=at, zone_mode=ZoneMode.READER)
    assert issue.starts_at == utc(2026, 10, 25, 3, 30)
    work(session, issue.starts_at, limit=2)
    assert {mail.subscriber_id: mail.due_at for mail in mails(session)} == people
    assert {mail.expires_at - mail.due_at for mail in mails(session)} == {timedelta(days=newsletters.LASTS_DAYS)}


def test_whose_hour_has_passed_as_it_is_scheduled_gets_it_at_that_hour_of_the_next_day(session):
    """Noon in London is 23:00 in Sydney: three in the afternoon comes there sixteen hours later."""
    a_subscriber(session, time_zone="Australia/Sydney"), a_subscriber(session)
    at = NOW + 3 * HOUR
    issue = place(session, an_issue(session), at=at, zone_mode=ZoneMode.READER)
    work(session, issue.starts_at)
    assert [mail.due_at for mail in mails(session)] == [utc(2026, 3, 4, 4), at]


def test_now_is_one_moment_for_all(session):
    a_subscriber(session, time_zone="Australia/Sydney")
    issue = place(session, an_issue(session), zone_mode=ZoneMode.READER)
    assert issue.zone_mode is ZoneMode.PRACTICE


def test_in_a_zone_not_known_as_it_was_scheduled_it_waits_for_that_hour_too(session):
    """Nine in Sydney was eleven hours before London's: its planning begins by then."""
    a_subscriber(session)
    at = NOW.replace(hour=9) + timedelta(days=2)
    issue = place(session, an_issue(session), at=at, zone_mode=ZoneMode.READER)
    a_subscriber(session, time_zone="Australia/Sydney")
    work(session, issue.starts_at)
    assert [mail.due_at for mail in mails(session)] == [at, at + timedelta(hours=13)]


def test_one_sent_late_comes_to_nobody_in_their_night(session):
    a_subscriber(session), a_subscriber(session, time_zone="Asia/Kolkata")
    at = NOW.replace(hour=9) + timedelta(days=2)
    issue = place(session, an_issue(session), at=at, zone_mode=ZoneMode.READER)
    late = at + 12 * HOUR
    outgoing.confirm_late(session, issue.id, late)
    work(session, late)
    assert [mail.due_at for mail in mails(session)] == [at + timedelta(days=1), at + timedelta(hours=18, minutes=30)]


def test_paused_and_let_go_on_at_night_it_comes_to_nobody_in_their_night(session):
    """Of those for whom it was planned before the pause, and of those for whom it was not."""
    people = [a_subscriber(session, time_zone=zone).id for zone in ("Asia/Kolkata", "", "America/New_York", "")]
    at = NOW.replace(hour=9) + timedelta(days=2)
    issue = place(session, an_issue(session), at=at, zone_mode=ZoneMode.READER)
    work_once(session, issue, limit=2)
    outgoing.pause(session, issue.id, issue.starts_at)
    work(session, issue.starts_at)
    night = at + 13 * HOUR
    outgoing.resume(session, issue.id, night)
    work(session, night)
    times = {mail.subscriber_id: mail.due_at for mail in mails(session)}
    next_day = at + timedelta(days=1)
    indias, londons, new_yorks = next_day - HOUR * 5.5, next_day, next_day + 5 * HOUR
    assert times == dict(zip(people, (indias, londons, new_yorks, londons), strict=True))
    entries = session.execute(select(QueueEntry.subscriber_id, QueueEntry.due_at)).all()
    assert dict(entries) == times


def test_one_that_leaves_at_one_moment_for_all_goes_on_when_it_is_told(session):
    a_subscriber(session)
    issue = place(session, an_issue(session))
    work(session, issue.starts_at)
    outgoing.pause(session, issue.id, issue.starts_at)
    work(session, issue.starts_at)
    night = issue.starts_at + 13 * HOUR
    outgoing.resume(session, issue.id, night)
    work(session, night)
    assert [entry.due_at for entry in session.scalars(select(QueueEntry))] == [night]


def work_once(session, issue, limit):
    session.commit()
    with Session.begin() as own:
        outgoing.start(own, issue.starts_at)
    with Session.begin() as own:
        dispatch.step(own, issue.id, issue.starts_at, limit)
    session.expire_all()
