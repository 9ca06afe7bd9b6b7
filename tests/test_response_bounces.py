"""What a mail that came back does to the mail and the address it is about."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import suppression
from funnel.mail import verp
from funnel.models.content import StopReason
from funnel.models.mail import MessageKind, MessageState
from funnel.models.people import SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.response import bounces, notices
from tests import returned
from tests.conftest import NOW
from tests.factories import a_booking, a_claim, a_message, a_sequence, a_sign_up, a_subscriber, an_enrolment
from tests.returned import ADA, NUMBER

GONE, FULL, POLICY = "5.1.1", "5.2.2", "5.7.1"


@pytest.fixture(autouse=True)
def bounce_address(session, setting):
    setting(BOUNCE_ADDRESS="bounces@example.org")


@pytest.fixture
def ada(session):
    return a_subscriber(session, email=ADA)


def a_sent_mail(session, reader=None, **changes):
    sent = {"state": MessageState.SENT, "sent_at": NOW, "ended_at": NOW, "attempts": 1}
    return a_message(session, reader, **(sent | changes))


def came_back(session, message, status=GONE, *, now=NOW, **report):
    raw = returned.report(status, to=verp.sender(message.id), message_id="<another@example.org>", **report)
    return bounces.read(session, raw, now)


def events(session):
    return session.scalars(select(Event).order_by(Event.id)).all()


def suppressed(session, address=ADA):
    return suppression.reason(session, tokens.address_hash(address))


def test_a_bounce_of_no_such_address_ends_what_goes_there(session, ada):
    enrolment = an_enrolment(session, ada, a_sequence(session))
    message = a_sent_mail(session, ada)
    read = came_back(session, message, words="550 5.1.1 <ada@example.com> User unknown")
    assert read == bounces.Read("bounce", message.id, GONE)
    assert suppressed(session) == SuppressionReason.BOUNCE
    for row in (ada, enrolment, message):
        session.refresh(row)
    assert (ada.state, enrolment.reason) == (SubscriberState.BOUNCED, StopReason.BOUNCED)
    assert message.state == MessageState.SENT
    [event] = events(session)
    assert (event.kind, event.reason, event.message_id, event.subscriber_id) == (
        EventKind.BOUNCE,
        GONE,
        message.id,
        ada.id,
    )
    assert event.detail == {"words": "smtp; 550 5.1.1 <<address>> User unknown"}


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"])
def test_these_codes_suppress_at_once(session, ada, status):
    came_back(session, a_sent_mail(session, ada), status)
    assert suppressed(session) == SuppressionReason.BOUNCE


@pytest.mark.parametrize(
    "status", ["5.1.7", "5.1.8", "5.7.1", "5.7.515", "5.3.4", "5.4.6", "4.2.2", "5.2.2", "5.0.0", ""]
)
def test_one_bounce_with_any_other_code_suppresses_nobody(session, ada, status):
    assert came_back(session, a_sent_mail(session, ada), status).kind == "bounce"
    assert suppressed(session) is None
    assert ada.state == SubscriberState.ACTIVE
    assert len(events(session)) == 1


def test_the_same_bounce_read_again_changes_nothing(session, ada):
    message = a_sent_mail(session, ada)
    assert came_back(session, message) == came_back(session, message, now=NOW + timedelta(days=1))
    assert len(events(session)) == 1


def test_a_delay_is_noted_and_the_failure_after_it_too(session, ada):
    message = a_sent_mail(session, ada)
    assert came_back(session, message, "4.4.1", action="delayed").kind == "delay"
    assert suppressed(session) is None
    came_back(session, message, GONE)
    assert [event.detail.get("delayed") for event in events(session)] == [True, None]
    assert suppressed(session) == SuppressionReason.BOUNCE


def test_a_delay_settles_nothing_of_a_mail_of_which_nobody_knew(session, ada):
    message = a_sent_mail(session, ada, state=MessageState.UNKNOWN, sent_at=None, reason="the connection was lost")
    came_back(session, message, POLICY, action="delayed")
    session.refresh(message)
    assert message.state == MessageState.UNKNOWN


def test_a_forged_tag_changes_nothing(session, ada):
    message = a_sent_mail(session, ada)
    sender = verp.sender(message.id)
    forged = sender.replace("+", "+a", 1)
    raw = returned.report(GONE, to=forged, message_id="<guessed@example.org>")
    assert bounces.read(session, raw, NOW).kind == "unknown recipient"
    assert not events(session)


@pytest.mark.parametrize(
    ("state", "attempts"), [(MessageState.QUEUED, 0), (MessageState.SKIPPED, 0), (MessageState.EXPIRED, 0)]
)
def test_a_mail_that_never_left_cannot_come_back(session, ada, state, attempts):
    message = a_message(session, ada, state=state, attempts=attempts)
    assert came_back(session, message).kind == "unknown recipient"
    assert not events(session)


def test_a_mail_that_is_just_being_sent_can_come_back(session, ada):
    """A relay on this machine may return it before the worker has written down that it was taken."""
    message = a_message(session, ada)
    a_claim(session, message)
    assert came_back(session, message).message_id == message.id
    assert suppressed(session) == SuppressionReason.BOUNCE


def test_a_mail_that_is_deleted_cannot_come_back(session, ada):
    raw = returned.report(GONE, to=verp.sender(4711))
    assert bounces.read(session, raw, NOW).kind == "unknown recipient"


def test_without_a_tag_the_message_id_and_the_address_together_prove_it(session, ada):
    message = a_sent_mail(session, ada, id=NUMBER)
    assert bounces.read(session, returned.report(GONE, about="Ada@Example.com"), NOW).message_id == message.id
    assert suppressed(session) == SuppressionReason.BOUNCE


@pytest.mark.parametrize("named", ["<1234.decaff@example.org>", "<1235.c0ffee@example.org>", "<1234@example.org>"])
def test_a_message_id_that_only_begins_like_ours_proves_nothing(session, ada, named):
    a_sent_mail(session, ada, id=NUMBER)
    assert bounces.read(session, returned.report(GONE, message_id=named), NOW).kind == "unknown recipient"


def test_a_message_id_with_another_address_proves_nothing(session, ada):
    a_sent_mail(session, ada, id=NUMBER)
    bob = a_subscriber(session, email="bob@example.com")
    for raw in (returned.report(GONE, about="bob@example.com"), returned.report(GONE, about="nobody")):
        assert bounces.read(session, raw, NOW).kind == "unknown recipient"
    assert (ada.state, bob.state) == (SubscriberState.ACTIVE, SubscriberState.ACTIVE)
    assert not events(session)


def test_a_tagged_bounce_is_believed_though_the_server_calls_the_address_otherwise(session, ada):
    came_back(session, a_sent_mail(session, ada), about="ada.b@mailstore.internal.example.com")
    assert suppressed(session) == SuppressionReason.BOUNCE


def test_of_several_addresses_ours_is_what_counts(session, ada):
    blocks = (
        "Final-Recipient: rfc822; other@example.com\nAction: failed\nStatus: 5.1.1\n\n"
        f"Final-Recipient: rfc822; {ADA}\nAction: failed\nStatus: 5.2.2\n"
    )
    assert came_back(session, a_sent_mail(session, ada), blocks=blocks).status == FULL
    assert suppressed(session) is None


@pytest.mark.parametrize("raw", [returned.QMAIL, returned.EXIM])
def test_a_bounce_in_no_standard_form_finds_its_mail(session, ada, raw):
    message = a_sent_mail(session, ada, id=NUMBER)
    assert bounces.read(session, raw, NOW).message_id == message.id


@pytest.mark.parametrize("raw", [returned.OUT_OF_OFFICE, returned.REPLY, b"", b"\x00\xff rubbish"])
def test_what_is_no_bounce_changes_nothing(session, ada, raw):
    message = a_sent_mail(session, ada, id=NUMBER)
    tagged = raw.replace(b"bounces@example.org", verp.sender(message.id).encode())
    assert bounces.read(session, tagged, NOW).kind in {"auto-reply", "not a bounce"}
    assert not events(session)


@pytest.mark.parametrize("nasty", [b"\x00", b"\xff\xfe", b"\x1b[2J", "ü\u2028".encode(), b"=?utf-8?q?=00?="])
def test_signs_that_no_database_keeps_do_no_harm(session, ada, nasty):
    message = a_sent_mail(session, ada, id=NUMBER)
    for old in (b"550 no", b"rfc822; ", b"<1234", b"In-Reply-To: "):
        raw = returned.report(FULL, words="550 no", first="In-Reply-To: <x>\n").replace(old, old + nasty)
        bounces.read(session, raw, NOW)
    tagged = raw.replace(b"bounces@example.org", verp.sender(message.id).encode())
    assert bounces.read(session, tagged, NOW).status == FULL


def test_a_confirmation_that_comes_back_suppresses_the_address_that_was_typed(session):
    sign_up = a_sign_up(session, email=ADA)
    message = a_sent_mail(session, kind=MessageKind.CONFIRMATION, sign_up_id=sign_up.id)
    came_back(session, message)
    assert suppressed(session) == SuppressionReason.BOUNCE


def test_a_mail_of_thanks_that_comes_back_suppresses_the_address_that_was_typed(session):
    booking = a_booking(session, email=ADA)
    message = a_sent_mail(session, kind=MessageKind.NOTICE, template=notices.THANKS, booking_id=booking.id)
    came_back(session, message)
    assert suppressed(session) == SuppressionReason.BOUNCE


def test_the_owners_own_address_is_never_suppressed(session):
    booking = a_booking(session, email=ADA)
    message = a_sent_mail(session, kind=MessageKind.NOTICE, template=notices.OWNER_NOTICE, booking_id=booking.id)
    assert came_back(session, message).kind == "bounce"
    assert suppressed(session) is None


def test_a_bounce_for_somebody_erased_is_noted_and_harms_nobody(session):
    ghost = a_subscriber(session, email=None, state=SubscriberState.ERASED)
    sign_up = a_sign_up(session, email="", address_hash=b"")
    for message in (a_sent_mail(session, ghost), a_sent_mail(session, sign_up_id=sign_up.id)):
        assert came_back(session, message).kind == "bounce"
    assert suppression.reason(session, b"") is None
    session.refresh(ghost)
    assert ghost.state == SubscriberState.ERASED
