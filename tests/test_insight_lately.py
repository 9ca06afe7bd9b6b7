"""What happened lately."""

from datetime import timedelta

from funnel.insight import lately
from funnel.insight.lately import Kind
from funnel.models.people import SubscriberState
from funnel.models.responses import BookingState, EventKind
from tests.conftest import NOW
from tests.factories import a_booking, a_message, a_subscriber, an_event

HOUR = timedelta(hours=1)


def test_everything_stands_in_order_of_time_with_what_it_is_about(session):
    ada = a_subscriber(session, created_at=NOW - 9 * HOUR, confirmed_at=NOW - 8 * HOUR, source="instagram")
    mail = a_message(session, ada, template="confirmation")
    a_booking(session, ada, created_at=NOW - 7 * HOUR, message_id=mail.id)
    a_booking(session, None, created_at=NOW - 6 * HOUR, name="Ben", email="ben@example.org")
    a_booking(session, ada, created_at=NOW - 6 * HOUR, state=BookingState.CANCELLED)
    for hours, kind in (
        (5, EventKind.BOUNCE),
        (4, EventKind.COMPLAINT),
        (3, EventKind.UNSUBSCRIBE),
        (2, EventKind.CLICK),
    ):
        an_event(session, kind, mail, at=NOW - hours * HOUR)
    an_event(session, EventKind.BOUNCE, mail, at=NOW, detail={"delayed": True})
    found = lately.latest(session, 10)
    assert [(one.kind, one.first_name, one.about) for one in found.happenings] == [
        (Kind.LEFT, "Ada", "Please confirm"),
        (Kind.COMPLAINT, "Ada", "Please confirm"),
        (Kind.BOUNCE, "Ada", "Please confirm"),
        (Kind.BOOKING, "Ben", ""),
        (Kind.BOOKING, "Ada", "Please confirm"),
        (Kind.CONFIRMED, "Ada", "instagram"),
        (Kind.SIGN_UP, "Ada", "instagram"),
    ]
    assert found.further is None


def test_reading_on_leaves_nothing_out_and_tells_nothing_twice(session):
    for number in range(7):
        a_subscriber(session, created_at=NOW - number // 2 * HOUR, confirmed_at=None, state=SubscriberState.PENDING)
    told, before = [], None
    while True:
        found = lately.latest(session, 2, before)
        told += [one.number for one in found.happenings]
        before = found.further
        if before is None:
            break
    assert sorted(told) == list(range(1, 8))


def test_one_kind_alone_can_be_read(session):
    a_booking(session, a_subscriber(session))
    assert [one.kind for one in lately.latest(session, 5, kind=Kind.BOOKING).happenings] == [Kind.BOOKING]
    assert lately.latest(session, 5, kind=Kind.LEFT) == lately.Stretch([], None)
