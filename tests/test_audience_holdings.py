import re

import pytest
from sqlalchemy import event, select, text

from funnel.audience import holdings, own_data, suppression, topics
from funnel.db import Base
from funnel.models.mail import LinkKind, MessageKind, MessageState
from funnel.models.people import Consent, SignUp, SignUpState, Subscriber, SuppressionReason
from funnel.models.responses import EventKind
from tests.audience_cast import confirms, signs_up
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_link, a_message, a_sign_up, a_stamp, a_subscriber, an_event


@pytest.fixture
def ada(session) -> Subscriber:
    """Somebody of whom every kind of row is held."""
    form = a_form(session)
    network = "198.51.100.7"
    row = signs_up(session, form, "Ada@example.org", first_name="Ada", time_zone="Europe/Rome", network=network)
    row.utm = {"utm_term": "Adas-term"}
    ada = confirms(session, row)
    booking = a_booking(
        session,
        ada,
        name="Ada Lovelace",
        email="ada@example.org",
        phone="0151 555",
        suits="Adas-evenings",
        note="Adas-note",
        message_id=a_message(session, ada).id,
    )
    thanks = {"kind": MessageKind.NOTICE, "booking_id": booking.id}
    a_message(session, to_address="ADA@example.org", **thanks)
    a_message(
        session, to_address="ada@example.org", state=MessageState.SENT, ended_at=NOW, reply="250 Ok for Ada", **thanks
    )
    a_message(session, to_address="owner@practice.example", **thanks)
    link = a_link(session, kind=LinkKind.INTEREST, label="At the wall")
    an_event(session, EventKind.CLICK, a_message(session, ada), link_id=link.id, reference="ref", detail={"x": "Ada"})
    a_stamp(session, ada, NOW)
    topics.choose(session, ada, [], NOW, {topics.make(session, "Sleep", "", NOW).id})
    a_sign_up(session, form, email="ada@example.org", first_name="Ada")  # not settled yet
    a_sign_up(session, form, email="ada@example.org", state=SignUpState.REFUSED)
    session.flush()
    return ada


def test_everything_held_is_shown_in_plain_words(session, ada):
    held = holdings.of(session, ada)
    assert [line["kind"] for line in held["consents"]] == ["asked", "confirmed"]
    assert [row["state"] for row in held["sign_ups"]] == ["settled", "new", "refused"]
    assert held["sign_ups"][0]["network"] == "198.51.100.7"
    assert [row["mail"] for row in held["mails"]][:2] == ["confirmation", "Mail 1"]
    assert sum(row["to_address"] is not None for row in held["mails"]) == 2
    assert [line["name"] for line in held["topics_not_wanted"]] == ["Sleep"]
    assert [line["detail"] for line in held["choices"]] == [{"off": ["Sleep"], "on": [], "without": ["Sleep"]}]
    assert held["courses"][0]["next_mail"] == "Mail 2"
    assert held["bookings"][0]["note"] == "Adas-note"
    assert (held["events"][0]["words"], held["events"][0]["by_a_machine"]) == ("At the wall", False)
    assert held["subscriber"]["confirmed_at"] == NOW.isoformat()
    assert held["subscriber"]["last_marketing_at"] == NOW.isoformat()
    assert held["subscriber"]["last_newsletter_at"] is None
    assert held["subscriber"]["not_mailed_because"] is None


def test_why_somebody_is_not_mailed_is_shown(session, ada):
    suppression.suppress(session, ada.address_hash, SuppressionReason.OWNER, NOW)
    assert holdings.of(session, ada)["subscriber"]["not_mailed_because"] == "owner"


def test_nothing_of_anybody_else_is_shown(session, ada):
    other = confirms(session, signs_up(session, a_form(session), "ben@example.org"))
    a_booking(session, other, email="ben@example.org", name="Ben")
    assert "ben@" not in str(holdings.of(session, ada)).lower()


def test_a_booking_by_whoever_they_forwarded_a_mail_to_shows_nothing_that_was_typed(session, ada):
    a_booking(session, ada, email="ben@example.org", name="Ben", phone="0161", suits="Bens-evenings", note="Bens-note")
    held = holdings.of(session, ada)
    assert [booking["name"] for booking in held["bookings"]] == ["Ada Lovelace", ""]
    assert not {word for word in ("Ben", "0161") if word in str(held)}


def test_an_erased_person_has_nothing_left_to_show_but_counts(session, ada):
    own_data.erase(session, ada.id, NOW)
    held = holdings.of(session, ada)
    assert held["subscriber"]["email"] is None
    assert len(held["sign_ups"]) == 1
    assert held["topics_not_wanted"] == []
    assert [line["detail"] for line in held["choices"]] == [{}]


# Counts of mails and days, and marks of the engine: nothing in them was said by or about the person.
ONLY_COUNTED = {"journey", "outcome", "issue_outcome", "bulk_change", "queue_entry", "marketing_stamp", "enrolment"}


def test_every_table_that_names_a_person_is_shown_to_them_and_blanked(session, ada):
    """A new one stands in `holdings`, or here with why it need not."""
    said: list[str] = []
    listen = event.listens_for(session.connection(), "before_cursor_execute")
    listen(lambda _connection, _cursor, statement, *_: said.append(statement))
    named = {table.name for table in Base.metadata.sorted_tables if "subscriber_id" in table.columns}
    holdings.of(session, ada)
    assert named - set(re.findall(r"\w+", " ".join(said))) <= ONLY_COUNTED
    said.clear()
    holdings.blank(session, ada, NOW)
    session.flush()
    changed = set(re.findall(r"(?:UPDATE|DELETE FROM) (\w+)", " ".join(said)))
    assert named - changed <= ONLY_COUNTED


def test_erasing_leaves_no_trace_of_the_person_anywhere(session, ada):
    own_data.erase(session, ada.id, NOW)
    session.commit()
    for table in Base.metadata.sorted_tables:
        for row in session.execute(text(f"SELECT {table.name}::text FROM {table.name}")).scalars():
            # Bytes and Message-IDs are in hexadecimal, which spells an "ada" of its own now and then.
            assert "ada" not in re.sub(r"\\+x[0-9a-f]+|\.[0-9a-f]{32}@|data", "", row.lower()), table.name
            assert "198.51.100" not in row, table.name
            assert "0151" not in row, table.name


def test_erasing_touches_nobody_else(session, ada):
    other = a_subscriber(session, email="ben@example.org")
    booking = a_booking(session, other, email="ben@example.org", name="Ben")
    own_data.erase(session, ada.id, NOW)
    session.expire_all()
    assert (other.email, booking.name) == ("ben@example.org", "Ben")


def test_the_rows_that_are_counted_stay(session, ada):
    counted = [SignUp, Consent]
    before = [len(session.scalars(select(noun)).all()) for noun in counted]
    own_data.erase(session, ada.id, NOW)
    after = [len(session.scalars(select(noun)).all()) for noun in counted]
    assert after == [before[0], before[1] + 1]


def test_mails_that_wait_for_an_erased_person_are_skipped_and_the_owners_is_not(session, ada):
    own_data.erase(session, ada.id, NOW)
    session.expire_all()
    assert_balance(session, waiting=1)
    states = dict(session.execute(text("SELECT coalesce(to_address, id::text), state FROM message")).all())
    assert states.pop("owner@practice.example") == "queued"
    assert set(states.values()) == {"skipped", "sent"}
