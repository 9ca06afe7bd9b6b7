from datetime import date, timedelta

from funnel.insight import tallies, week
from funnel.models.door import FormView
from funnel.models.mail import MessageKind, MessageState
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW  # a Tuesday
from tests.factories import a_booking, a_form, a_message, a_subscriber, add, an_event

MONDAY = date(2026, 2, 23)
DURING = NOW - timedelta(days=6)
BEFORE = DURING - week.LENGTH


def of_week(session):
    tallies.freshen(session, NOW)
    return week.of(session, MONDAY)


def test_the_last_week_that_is_over_begins_on_a_monday():
    assert week.last_monday(NOW) == MONDAY
    assert week.last_monday(NOW - timedelta(days=1)) == MONDAY
    assert week.last_monday(NOW - timedelta(days=2)) == MONDAY - week.LENGTH


def test_a_week_begins_at_midnight_where_the_practice_is(session):
    start = week.midnight(MONDAY)
    a_subscriber(session, created_at=start)
    a_subscriber(session, created_at=start - timedelta(seconds=1))
    a_subscriber(session, created_at=start + week.LENGTH)
    found = of_week(session)
    assert (found.counts.sign_ups, found.before.sign_ups) == (1, 1)


def test_people_who_signed_up_and_those_of_them_who_confirmed(session):
    a_subscriber(session, created_at=DURING)
    a_subscriber(session, created_at=DURING, confirmed_at=None)
    a_subscriber(session, created_at=BEFORE, confirmed_at=DURING)
    found = of_week(session)
    assert (found.counts.sign_ups, found.counts.confirmed) == (2, 1)
    assert (found.before.sign_ups, found.before.confirmed) == (1, 1)


def test_tips_and_newsletters_that_left_in_it(session):
    ada = a_subscriber(session)
    sent = {"state": MessageState.SENT, "ended_at": DURING, "sent_at": DURING}
    a_message(session, ada, due_at=DURING, **sent)
    a_message(session, ada, due_at=DURING - timedelta(days=3), **sent)
    a_message(session, ada, due_at=DURING, kind=MessageKind.NOTICE, **sent)
    a_message(session, ada, due_at=DURING, state=MessageState.FAILED, ended_at=DURING, reason="refused")
    a_message(session, ada, due_at=DURING)
    assert of_week(session).counts.mails == 2


def test_each_person_counts_once_and_machines_never(session):
    ada, ben = a_subscriber(session), a_subscriber(session)
    first, second = a_message(session, ada), a_message(session, ben)
    for kind in (EventKind.CLICK, EventKind.CLICK, EventKind.UNSUBSCRIBE, EventKind.COMPLAINT):
        an_event(session, kind, first, at=DURING)
    an_event(session, EventKind.CLICK, second, at=DURING, machine=True)
    an_event(session, EventKind.BOUNCE, second, at=DURING, detail={"delayed": True})
    found = of_week(session).counts
    assert (found.clicked, found.left, found.bounced, found.complained) == (1, 1, 0, 1)


def test_views_and_bookings(session):
    form = a_form(session)
    add(session, FormView(form_id=form.id, day=MONDAY, source="", views=4))
    add(session, FormView(form_id=form.id, day=MONDAY + timedelta(days=6), source="clinic", views=3))
    add(session, FormView(form_id=form.id, day=MONDAY - timedelta(days=1), source="", views=9))
    a_booking(session, created_at=DURING)
    a_booking(session, created_at=DURING, state=BookingState.CANCELLED)
    found = of_week(session)
    assert (found.counts.views, found.before.views, found.counts.bookings) == (7, 9, 1)
    assert found.sunday == date(2026, 3, 1)
