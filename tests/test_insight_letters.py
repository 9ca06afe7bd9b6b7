from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import select, text

from funnel.config import settings
from funnel.insight import letters, tallies, week
from funnel.mail import delivery, render
from funnel.models.house import Owner
from funnel.models.letters import Letter
from funnel.models.mail import MessageState, Queue
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_booking, a_message, a_post, a_subscriber, add

MONDAY = date(2026, 2, 23)
DUE = datetime.combine(MONDAY + week.LENGTH, time(8), settings().zone)
DURING = NOW - timedelta(days=6)


@pytest.fixture
def owner(session):
    return add(session, Owner(email="alessandro@example.org", password_hash="-", session_key="-", created_at=NOW))


def test_it_is_written_once_and_planned_to_each_owner(session, owner):
    add(session, Owner(email="second@example.org", password_hash="-", session_key="-", created_at=NOW))
    assert letters.send(session, DUE) == 2
    assert letters.send(session, DUE + timedelta(hours=1)) == 0
    assert session.scalars(select(Letter.week)).all() == [MONDAY]
    assert_balance(session, waiting=2)


@pytest.mark.parametrize("moment", [DUE - timedelta(seconds=1), DUE + letters.GOOD_FOR])
def test_before_its_time_and_when_the_week_is_long_over_none_is_written(session, owner, moment):
    assert letters.send(session, moment) == 0
    assert session.scalars(select(Letter)).all() == []


def test_a_letter_is_late_rather_than_missing_after_a_stop(session, owner):
    assert letters.send(session, DUE + letters.GOOD_FOR - timedelta(seconds=1)) == 1


def test_while_the_week_is_not_all_counted_none_is_written(session, owner, monkeypatch):
    tallies.freshen(session, DUE - timedelta(days=2))
    monkeypatch.setattr(tallies, "refresh", lambda *_: None)  # another process is at it, and has much to do
    assert letters.send(session, DUE) == 0


def test_it_tells_the_numbers_beside_the_week_before(session):
    for at in (DURING, DURING, DURING - week.LENGTH):
        a_subscriber(session, created_at=at)
    a_booking(session, created_at=DURING)
    a_message(session, a_subscriber(session), due_at=DURING, state=MessageState.SENT, sent_at=DURING, ended_at=DURING)
    letter = letters.written(session, MONDAY, DUE)
    assert letter.subject == "Your week: 1 booking, 2 sign-ups"
    assert "- **2 sign-ups**, 1 more than the week before; 2 of them confirmed so far\n" in letter.body
    assert "- **1 booking**, 1 more than the week before\n" in letter.body
    assert "Monday 23 February to Sunday 1 March" in letter.body


def test_a_week_in_which_nothing_happened_is_told_in_a_sentence(session):
    letter = letters.written(session, MONDAY, DUE)
    assert "It was quiet" in letter.body
    assert "**" not in letter.body
    assert letter.subject == "Your week: 0 sign-ups, 0 mails sent"


def test_words_of_others_are_words_and_no_markup(session):
    post = a_post(session, title="A *stiff* [back]({{ owner_link }})")
    a_subscriber(session, created_at=DUE)
    for _ in range(3):
        a_booking(session, created_at=DUE, state="booked", source=post.slug)
    preview = render.preview_letter(letters.written(session, MONDAY, DUE), DUE)
    assert "A *stiff* [back]({{ owner_link }})" in preview.text
    assert "A *stiff* [back]({{ owner_link }})" in preview.html


def test_it_arrives_with_a_button_and_without_anything_to_unsubscribe_from(session, owner, sink):
    letters.send(session, DUE)
    later = datetime.now(DUE.tzinfo) + timedelta(days=1)
    for table in ("message", "queue_entry"):
        session.execute(text(f"UPDATE {table} SET expires_at = :later"), {"later": later})
    session.commit()
    delivery.deliver(Queue.URGENT, 5)
    (caught,) = sink.caught
    assert caught.recipient == owner.email
    assert b"List-Unsubscribe" not in caught.data
    assert b"/owner/settings" in caught.data
    assert_balance(session, waiting=0)
