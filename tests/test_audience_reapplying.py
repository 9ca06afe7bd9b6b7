"""A database that was set back is told again who must not be written to."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import ending, own_data, reapplying, suppression, withdrawals
from funnel.audience.withdrawals import Kind, Line
from funnel.models.content import Enrolment
from funnel.models.mail import Message, MessageState
from funnel.models.people import Consent, SignUp, SignUpState, Subscriber, SubscriberState, SuppressionReason
from funnel.models.responses import Booking
from tests.audience_cast import VISIT, confirms, count, signs_up
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_message, a_sequence, a_sign_up, a_subscriber, an_enrolment

HOUR = timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path, setting) -> Path:  # type: ignore[no-untyped-def]
    setting(DATA_DIR=str(tmp_path))
    return tmp_path / "withdrawals"


@pytest.fixture
def ada(place: Path, session) -> Subscriber:  # type: ignore[no-untyped-def]
    """On a course since yesterday, with a mail that waits."""
    ada = a_subscriber(session, email="ada@example.org", created_at=NOW - 24 * HOUR, confirmed_at=NOW - 24 * HOUR)
    an_enrolment(session, ada, a_sequence(session))
    a_message(session, ada)
    session.commit()
    return ada


def told(*lines: tuple[Kind, datetime], email: str = "ada@example.org") -> None:
    withdrawals.write([Line(at, kind, tokens.address_hash(email)) for kind, at in lines])


def reapplied(session) -> int:
    found = reapplying.reapply(session)
    session.commit()
    session.expire_all()
    return found


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        (Kind.LEFT, SubscriberState.UNSUBSCRIBED, None),
        (Kind.BOUNCED, SubscriberState.BOUNCED, SuppressionReason.BOUNCE),
        (Kind.COMPLAINED, SubscriberState.COMPLAINED, SuppressionReason.COMPLAINT),
        (Kind.SUPPRESSED, SubscriberState.ACTIVE, SuppressionReason.OWNER),
    ],
)
def test_what_was_told_is_done_again(session, ada, kind, state, reason):
    told((kind, NOW))
    changed = reapplied(session)
    assert changed == (state != SubscriberState.ACTIVE)
    assert ada.state == state
    assert suppression.reason(session, tokens.address_hash("ada@example.org")) == reason
    mailable = session.scalar(select(Subscriber.mailable).where(Subscriber.id == ada.id))
    assert not mailable
    if changed:
        assert ada.ended_at == NOW
        assert session.scalars(select(Message.state)).one() == MessageState.SKIPPED
        assert session.scalars(select(Enrolment.next_at)).one() is None


def test_told_twice_it_changes_nothing_more_and_is_not_written_again(session, ada, place):
    told((Kind.LEFT, NOW), (Kind.BOUNCED, NOW + HOUR), (Kind.ERASED, NOW + 2 * HOUR))
    before = place.read_bytes()
    assert reapplied(session) == 1
    lines = count(session, Consent)
    assert reapplied(session) == 0
    assert count(session, Consent) == lines
    assert place.read_bytes() == before
    ending.leave(session, a_subscriber(session).id, "page", VISIT, NOW)
    session.commit()
    assert place.read_bytes() != before  # who leaves from now on is written down again


def test_the_line_of_evidence_says_where_it_comes_from(session, ada):
    told((Kind.LEFT, NOW))
    reapplied(session)
    line = session.scalars(select(Consent)).one()
    assert (line.kind, line.how, line.at) == ("withdrew", "told before a backup was restored", NOW)


def test_an_erased_person_is_erased_again(session, ada):
    a_sign_up(session, email="ada@example.org", subscriber_id=ada.id, state="settled", created_at=NOW - HOUR)
    told((Kind.ERASED, NOW))
    assert reapplied(session) == 1
    assert (ada.state, ada.email, ada.address_hash, ada.first_name) == (SubscriberState.ERASED, None, None, "")
    assert session.scalars(select(SignUp.email)).one() == ""
    assert suppression.reason(session, tokens.address_hash("ada@example.org")) == SuppressionReason.ERASURE


def test_a_form_that_was_not_settled_yet_is_not_settled_for_an_erased_person(session, place):
    a_sign_up(session, email="ada@example.org", created_at=NOW - HOUR)
    later = a_sign_up(session, email="ada@example.org", created_at=NOW + HOUR)
    told((Kind.ERASED, NOW))
    reapplied(session)
    old, new = session.scalars(select(SignUp).order_by(SignUp.id))
    assert (old.state, old.email) == (SignUpState.REFUSED, "")
    assert (new.id, new.state, new.email) == (later.id, SignUpState.NEW, "ada@example.org")


def test_who_was_erased_and_signed_up_again_is_not_erased_twice(session, place):
    told((Kind.ERASED, NOW))
    form = a_form(session)
    ada = confirms(session, signs_up(session, form, now=NOW + HOUR), NOW + HOUR)
    session.commit()
    assert reapplied(session) == 0
    assert (ada.state, ada.email) == (SubscriberState.ACTIVE, "ada@example.org")
    assert suppression.reason(session, ada.address_hash) is None


def test_who_came_back_is_not_withdrawn_by_what_the_file_knows(session, ada):
    told((Kind.LEFT, NOW), (Kind.RETURNED, NOW + HOUR))
    assert reapplied(session) == 0
    assert ada.state == SubscriberState.ACTIVE


def test_who_came_back_is_not_withdrawn_by_what_the_database_knows(session, ada):
    told((Kind.LEFT, NOW - 48 * HOUR))  # and the return was told to another machine
    assert reapplied(session) == 0
    assert ada.state == SubscriberState.ACTIVE


def test_what_the_owner_lifted_stays_lifted(session, ada):
    told((Kind.SUPPRESSED, NOW), (Kind.LIFTED, NOW + HOUR))
    reapplied(session)
    assert suppression.reason(session, ada.address_hash) is None


def test_an_address_nobody_has_any_more_is_kept_from_mail_all_the_same(session, place):
    told((Kind.BOUNCED, NOW), email="bob@example.org")
    told((Kind.ERASED, NOW), email="eve@example.org")
    assert reapplied(session) == 0
    assert suppression.reason(session, tokens.address_hash("bob@example.org")) == SuppressionReason.BOUNCE
    assert suppression.reason(session, tokens.address_hash("eve@example.org")) == SuppressionReason.ERASURE


def test_who_never_confirmed_and_left_is_left_in_peace(session, place):
    sign_up = signs_up(session, a_form(session))
    session.commit()
    told((Kind.LEFT, NOW + HOUR))
    assert reapplied(session) == 1
    assert session.get_one(Subscriber, sign_up.subscriber_id).state == SubscriberState.UNSUBSCRIBED


def test_an_erased_booking_is_erased_again_and_a_later_one_is_not(session, place):
    for hours in (-1, 1):
        a_booking(session, email="Ada@example.org", name="Ada", note="my back", created_at=NOW + hours * HOUR)
    a_booking(session, email="bob@example.org", name="Bob")
    session.commit()
    told((Kind.UNBOOKED, NOW))
    reapplied(session)
    assert [row.name for row in session.scalars(select(Booking).order_by(Booking.id))] == ["", "Ada", "Bob"]


def test_many_are_told_in_pieces(session, place, monkeypatch):
    monkeypatch.setattr(reapplying, "CHUNK", 2)
    people = [a_subscriber(session) for _ in range(5)]
    for person in people:
        told((Kind.LEFT, NOW + HOUR), email=str(person.email))
    session.commit()
    assert reapplied(session) == 5
    assert {person.state for person in people} == {SubscriberState.UNSUBSCRIBED}


def test_without_a_file_nothing_happens(session, ada):
    assert reapplied(session) == 0


def test_an_old_backup_on_top_of_all_that_happened_since(session, place):
    """Every kind of withdrawal as it is told by its verb, and the database as it was before them all."""
    people = {name: a_subscriber(session, email=f"{name}@example.org") for name in ("left", "bounced", "spam", "gone")}
    ids = {name: person.id for name, person in people.items()}
    later = NOW + HOUR
    ending.leave(session, ids["left"], "page", VISIT, later)
    ending.bounced(session, ids["bounced"], later)
    ending.complained(session, ids["spam"], later)
    own_data.erase(session, ids["gone"], later)
    withdrawals.write([line for lines in session.info["before_commit"].values() for line in lines])
    session.rollback()  # as if restored: the file knows, the database does not
    for name, number in ids.items():
        a_subscriber(session, id=number, email=f"{name}@example.org")
    session.commit()
    assert reapplied(session) == 4
    states = dict(session.execute(select(Subscriber.id, Subscriber.state)).all())
    assert [states[ids[name]] for name in ("left", "bounced", "spam", "gone")] == [
        "unsubscribed", "bounced", "complained", "erased",
    ]  # fmt: skip


def test_what_only_the_database_knows_is_gathered_before_it_goes(session, place):
    """Other machines wrote theirs elsewhere; and this file was begun later than the service, or lost a line."""
    later = {"ended_at": NOW, "state": "unsubscribed"}
    for name, changes in {
        "left": later,
        "known": later,
        "gone": {"email": None, "state": "erased"},
        "here": {},
    }.items():
        a_subscriber(session, **({"email": f"{name}@example.org"} | changes))
    for number, reason in enumerate(SuppressionReason):
        suppression.suppress(session, bytes([number]) * 16, reason, NOW)
    told((Kind.LEFT, NOW - HOUR), email="known@example.org")
    withdrawals.write([Line(NOW, Kind.BOUNCED, bytes(16))])
    session.info.clear()
    session.commit()
    assert reapplying.gather(session) == 4
    found = withdrawals.standing()
    assert found[tokens.address_hash("left@example.org")] == {Kind.LEFT: NOW}
    assert found[tokens.address_hash("known@example.org")] == {Kind.LEFT: NOW - HOUR}
    assert {kind for number in range(4) for kind in found[bytes([number]) * 16]} == {
        Kind.BOUNCED, Kind.COMPLAINED, Kind.ERASED, Kind.SUPPRESSED,
    }  # fmt: skip
    assert reapplying.gather(session) == 0
