"""Erasing what somebody typed to ask for a session, who has no page of their own to do it on."""

import pytest
from sqlalchemy import func, select, text

from funnel.db import Base, utc_now
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageState
from funnel.models.responses import Booking, BookingState, Event
from funnel.response import bookings
from tests.balance import assert_balance
from tests.owner_data import Practice, press, signed_in

TYPED = bookings.Asked("Zora Quist", "zora@example.org", "020 7946 0000", "Zoras-evenings", "Zoras-note")


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def asked(desk, practice):
    booking = bookings.ask(practice.session, TYPED, "", "instagram", practice.now)
    practice.session.commit()
    return f"/owner/bookings/{booking.id}"


def test_erasing_asks_first(desk, practice, asked):
    assert f'href="{asked}/erase"' in desk.get(asked).text
    page = desk.get(f"{asked}/erase").text
    assert "Erase what they typed?" in page
    assert "They are a subscriber too" not in page
    practice.session.expire_all()
    assert practice.session.scalars(select(Booking.name)).one() == "Zora Quist"


def test_erasing_leaves_no_trace_and_the_counts(desk, practice, asked):
    answer = press(desk, f"{asked}/erase", on=f"{asked}/erase")
    assert (answer.status_code, answer.location) == (303, asked)

    practice.session.expire_all()
    for table in Base.metadata.sorted_tables:
        for row in practice.session.execute(text(f"SELECT {table.name}::text FROM {table.name}")).scalars():
            assert not {word for word in ("zora", "020 7946") if word in row.lower()}, table.name
    booking = practice.session.scalars(select(Booking)).one()
    assert (booking.state, booking.source) == (BookingState.REQUESTED, "instagram")
    assert booking.text_deleted_at is not None
    assert practice.session.scalars(select(func.count()).select_from(Event)).one() == 1
    entry = practice.session.scalars(select(AuditEntry).where(AuditEntry.action.contains("erased"))).one()
    assert entry.detail == {"booking": booking.id}


def test_the_mail_of_thanks_is_not_sent_any_more_and_the_owners_notice_is(desk, practice, asked):
    press(desk, f"{asked}/erase", on=f"{asked}/erase")
    practice.session.expire_all()
    states = dict(practice.session.execute(select(Message.template, Message.state)).all())
    assert states == {"booking_thanks": MessageState.SKIPPED, "booking_notice": MessageState.QUEUED}
    assert_balance(practice.session, waiting=1)


def test_once_erased_there_is_nothing_left_to_erase(desk, asked):
    press(desk, f"{asked}/erase", on=f"{asked}/erase")
    page = desk.get(asked).text
    assert "Erased. What they typed is gone." in page
    assert "was deleted on" in page
    assert f"{asked}/erase" not in page


def test_a_subscriber_stays_one(desk, practice):
    person = practice.newcomer("Ada")
    booking = practice.booking(person, None, practice.now)
    email = person.email
    practice.session.commit()
    path = f"/owner/bookings/{booking.id}/erase"
    assert "They are a subscriber too" in desk.get(path).text
    press(desk, path, on=path)
    practice.session.expire_all()
    assert (booking.email, person.email) == ("", email)


def test_without_its_token_nothing_is_erased(desk, practice, asked):
    assert desk.post(f"{asked}/erase").status_code == 400
    practice.session.expire_all()
    assert practice.session.scalars(select(Booking.name)).one() == "Zora Quist"


def test_a_booking_that_is_not_there_cannot_be_erased(desk, practice):
    assert desk.get("/owner/bookings/99/erase").status_code == 404
    assert press(desk, "/owner/bookings/99/erase", on="/owner/").status_code == 404
