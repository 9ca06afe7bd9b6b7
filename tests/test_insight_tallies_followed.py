"""Each way by which a change comes into the roll-ups, by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from funnel.db import Session
from funnel.insight import tallies
from funnel.mail import unknown
from funnel.models.mail import LinkKind, Message, MessageState
from funnel.models.responses import Event, EventKind
from funnel.models.tallies import Gap, Journey, Stale, Tally
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_sequence, a_subscriber, an_event
from tests.tally_reference import assert_tallies


def count(session):
    tallies.refresh(session, NOW)
    session.commit()


@pytest.fixture
def reader(session):
    reader = a_subscriber(session)
    session.commit()
    return reader


def test_a_row_that_commits_late_is_found_however_often_was_counted_meanwhile(session, reader):
    with Session() as slow:
        late = a_subscriber(slow, source="late")
        a_subscriber(session)
        for _ in range(3):
            count(session)
            assert session.scalars(select(Gap.first_id)).all() == [late.id]
        slow.commit()
    count(session)
    assert_tallies(session)
    count(session)
    assert not session.scalars(select(Gap.id)).all()


def test_numbers_that_were_never_used_are_forgotten_when_nothing_can_come(session, reader):
    with Session() as other:
        a_subscriber(other)
        other.rollback()
    a_subscriber(session)
    count(session)
    assert session.scalars(select(Gap.id)).all()
    count(session)
    assert not session.scalars(select(Gap.id)).all()
    assert_tallies(session)


def test_a_mail_that_is_unknown_again_is_taken_out(session, reader):
    lost = {"state": MessageState.UNKNOWN, "reason": "why", "ended_at": NOW}
    a_message(session, reader, step_id=a_sequence(session).steps[0].id, **lost)
    known = unknown.accept(session, Message.id > 0)
    count(session)
    assert session.scalars(select(Journey.steps)).one()
    unknown.take_back(session, known, NOW)
    count(session)
    assert not session.scalars(select(Journey.steps)).one()
    assert_tallies(session)


def test_a_click_that_is_forgotten_is_taken_out(session, reader):
    an_event(session, EventKind.CLICK, a_message(session, reader), link_id=a_link(session, kind=LinkKind.BOOKING).id)
    count(session)
    assert session.scalars(select(Journey.booking_clicked_at)).one() == NOW
    session.execute(delete(Event))
    count(session)
    assert session.scalars(select(Journey.clicked_at)).one() is None
    assert_tallies(session)


def test_a_link_that_leads_elsewhere_now_changes_what_its_clicks_were(session, reader):
    link = a_link(session, kind=LinkKind.CONTENT)
    an_event(session, EventKind.CLICK, a_message(session, reader), link_id=link.id)
    count(session)
    link.kind = LinkKind.BOOKING
    count(session)
    assert_tallies(session)


def test_only_one_counts_at_a_time_and_a_batch_that_was_given_up_is_done_again(session, reader):
    with Session() as other:
        assert tallies.refresh(other, NOW)
        assert tallies.refresh(session, NOW) is None
        other.rollback()
    assert tallies.refresh(session, NOW).moved == 1
    assert_tallies(session)


def test_more_than_a_batch_takes_is_left_to_the_next_ones(session):
    for _ in range(5):
        a_message(session, a_subscriber(session))
    done = tallies.refresh(session, NOW, most=2)
    assert done.more
    assert tallies.as_of(session) is None
    while done.more:
        done = tallies.refresh(session, NOW, most=2)
    assert tallies.as_of(session) == NOW
    assert_tallies(session)


def test_another_time_zone_has_other_days(session, setting):
    a_message(session, a_subscriber(session, created_at=datetime(2026, 3, 3, 2, tzinfo=UTC)), due_at=NOW)
    count(session)
    setting(TIMEZONE="America/New_York")
    count(session)
    assert str(session.scalars(select(Tally.day)).one()) == "2026-03-02"
    assert_tallies(session)


def test_another_version_counts_everything_anew_and_says_that_it_is_not_done(session, reader):
    a_message(session, reader)
    count(session)
    session.execute(text("UPDATE tally_state SET version = 0"))
    session.execute(text("DELETE FROM mail_tally"))
    session.commit()
    done = tallies.refresh(session, NOW, most_blocks=0)
    assert (done.more, tallies.as_of(session)) == (True, None)
    count(session)
    assert tallies.as_of(session) == NOW
    assert_tallies(session)


def test_what_somebody_broke_is_put_right_by_counting_anew(app, session, reader):
    a_message(session, reader)
    count(session)
    for statement in (
        "UPDATE journey SET booked_at = now()",
        "UPDATE tally SET people = 7",
        "DELETE FROM state_tally",
        "UPDATE arrival SET people = 9",
        "DELETE FROM mail_tally",
        "INSERT INTO outcome VALUES (1, 'left', 1)",
        "INSERT INTO outcome_tally VALUES (7, 'left', 9)",
    ):
        session.execute(text(statement))
    session.commit()
    answer = app.test_cli_runner().invoke(args=["insight", "recount"])
    assert "stand elsewhere than before: 1." in answer.output
    assert_tallies(session)
    assert "All stood right" in app.test_cli_runner().invoke(args=["insight", "recount"]).output
    assert not session.scalars(select(Stale.id)).all()


def test_that_nothing_changed_is_said_every_few_seconds(session, reader):
    count(session)
    tallies.refresh(session, NOW + timedelta(seconds=1))
    assert tallies.as_of(session) == NOW
    tallies.refresh(session, NOW + timedelta(minutes=1))
    assert tallies.as_of(session) == NOW + timedelta(minutes=1)


def test_the_clock_counts_what_is_there(session):
    from tasks.insight import tally

    for _ in range(3):
        a_message(session, a_subscriber(session))
    session.commit()
    tally()
    assert_tallies(session)
