"""Complaints: whoever calls a mail spam is never mailed again."""

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import suppression
from funnel.mail import verp
from funnel.models.mail import MessageKind, MessageState
from funnel.models.people import SubscriberState, SuppressionReason
from funnel.models.responses import Event, EventKind
from funnel.response import bounces
from tests import returned
from tests.conftest import NOW
from tests.factories import a_message, a_sign_up, a_subscriber
from tests.returned import ADA, NUMBER

SENT = {"state": MessageState.SENT, "sent_at": NOW, "ended_at": NOW, "attempts": 1}


@pytest.fixture
def ada(session):
    return a_subscriber(session, email=ADA)


@pytest.fixture
def message(session, ada):
    return a_message(session, ada, id=NUMBER, **SENT)


def suppressed(session):
    return suppression.reason(session, tokens.address_hash(ADA))


def test_a_complaint_ends_everything_for_ever_however_often_it_comes(session, ada, message):
    for _ in range(2):
        assert bounces.read(session, returned.complaint(), NOW) == bounces.Read("complaint", message.id)
    assert suppressed(session) == SuppressionReason.COMPLAINT
    session.refresh(ada)
    assert ada.state == SubscriberState.COMPLAINED
    assert [event.kind for event in session.scalars(select(Event))] == [EventKind.COMPLAINT]


def test_a_complaint_without_its_address_is_known_by_the_message_id(session, message):
    raw = returned.complaint(fields="Original-Rcpt-To: redacted@provider.example.com\n")
    assert bounces.read(session, raw, NOW).message_id == message.id
    assert suppressed(session) == SuppressionReason.COMPLAINT


def test_a_complaint_is_known_by_our_envelope_sender(session, setting, message):
    setting(BOUNCE_ADDRESS="bounces@example.org")
    fields = f"Original-Mail-From: <{verp.sender(message.id)}>\n"
    raw = returned.complaint(fields=fields, message_id="<rewritten@provider.example.com>")
    assert bounces.read(session, raw, NOW).message_id == message.id


def test_a_complaint_by_another_address_or_about_no_mail_of_ours_changes_nothing(session, ada, message):
    for raw in (
        returned.complaint(fields="Original-Rcpt-To: <bob@example.com>\n"),
        returned.complaint(message_id="<guessed@example.org>"),
    ):
        assert bounces.read(session, raw, NOW).kind == "unknown recipient"
    assert suppressed(session) is None
    assert ada.state == SubscriberState.ACTIVE


def test_a_mail_taken_out_of_the_spam_folder_is_no_complaint(session, message):
    assert bounces.read(session, returned.complaint("not-spam"), NOW).kind == "not a bounce"
    assert suppressed(session) is None


def test_a_complaint_about_a_confirmation_keeps_the_form_from_mailing_that_address(session):
    sign_up = a_sign_up(session, email=ADA)
    a_message(session, kind=MessageKind.CONFIRMATION, sign_up_id=sign_up.id, id=NUMBER, **SENT)
    assert bounces.read(session, returned.complaint(), NOW).kind == "complaint"
    assert suppressed(session) == SuppressionReason.COMPLAINT
