"""The ledger: whatever road a stranger takes, one mailbox gets no more mails than it may."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from funnel.audience import allowance, letting_in, moving, own_data, retention
from funnel.config import settings
from funnel.models.door import CausedMail
from funnel.models.mail import Message
from funnel.models.people import SignUp, SignUpState, Subscriber
from funnel.response import bookings
from funnel.response.bookings import Asked
from tests.audience_cast import confirms, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_subscriber

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VICTIM = "ada@gmail.com"


def books(session, email, now):
    bookings.ask(session, Asked("Ada", email, note=str(now)), "", "", now)


def moves(session, email, now):
    eve = a_subscriber(session)
    moving.ask(session, eve, email, now)
    moving.settle(session, now)


def signs(session, email, now):
    signs_up(session, a_form(session), email, now)


def caused(session) -> int:
    mails = select(Message).where(
        Message.template.in_((*allowance.RESTED_AFTER, own_data.FRESH_LINK, "booking_thanks"))
    )
    return len(session.scalars(mails).all())


def test_all_roads_together_and_all_spellings_lead_to_five_mails_a_month(session):
    roads = (signs, books, moves)
    for number in range(60):
        spelling = VICTIM.replace("@", f"+{number}@") if number % 2 else VICTIM
        roads[number % 3](session, spelling, NOW + number * 11 * HOUR)
    assert caused(session) == settings().limits.address_month
    assert {"confirmation", "booking_thanks", "new_address"} <= set(templates(session))


@pytest.mark.parametrize("road", [signs, books, moves])
def test_each_road_is_closed_when_another_has_filled_the_mailbox(session, road):
    for number in range(5):
        own_data.fresh_link(session, _victim(session), NOW + number * DAY)
    road(session, "a.d.a@gmail.com", NOW + 5 * DAY)
    assert caused(session) == settings().limits.address_month


def _victim(session):
    known = session.scalars(select(Subscriber).where(Subscriber.email == VICTIM)).one_or_none()
    return known or a_subscriber(session, email=VICTIM)


def test_erasing_begins_no_new_count(session):
    for number in range(5):
        signs_up(session, a_form(session), VICTIM, NOW + number * DAY)
    ada = confirms(session, session.scalars(select(SignUp).order_by(SignUp.id.desc()).limit(1)).one(), NOW + 4 * DAY)
    own_data.erase(session, ada.id, NOW + 5 * DAY)
    assert signs_up(session, a_form(session), VICTIM, NOW + 6 * DAY).state is SignUpState.REFUSED


def test_who_has_just_booked_may_sign_up(session):
    books(session, VICTIM, NOW)
    assert signs_up(session, a_form(session), VICTIM, NOW + timedelta(minutes=1)).state is SignUpState.SETTLED


def test_a_mail_taken_back_before_it_left_does_not_count(session):
    row = signs_up(session, a_form(session), VICTIM, NOW)
    session.execute(delete(CausedMail))
    row.state, row.reason = SignUpState.REFUSED, "address limit"
    session.flush()
    outcome = letting_in.let_in(session, [row.id], NOW + HOUR)
    assert letting_in.take_back(session, outcome.let_in, row.let_in_at, NOW + HOUR) == [row.id]
    assert session.scalars(select(CausedMail)).all() == []


def test_after_a_month_the_ledger_forgets(session):
    signs(session, VICTIM, NOW)
    assert retention.retain(session, NOW + 29 * DAY)["mails that strangers caused"] == 0
    assert retention.retain(session, NOW + 31 * DAY)["mails that strangers caused"] == 1
