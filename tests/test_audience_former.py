"""A mail that comes back is about the address it went to, whatever its reader's address is by then."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from funnel import tokens
from funnel.audience import by_hand, former, holdings, merging, own_data, suppression
from funnel.mail import claim, record, verp
from funnel.mail.ledger import Result
from funnel.mail.replies import Reply, Stage, outcome
from funnel.models.former import FormerAddress
from funnel.models.mail import MessageState, Queue
from funnel.models.people import SubscriberState, SuppressionReason
from funnel.models.responses import EventKind
from funnel.response import bounces
from tests import returned
from tests.conftest import NOW
from tests.factories import a_form, a_message, a_subscriber, an_event
from tests.mail_cast import a_tip

OLD, NEW = "ada@exmaple.com", "ada@example.com"
BEFORE, LATER = NOW - timedelta(days=1), NOW + timedelta(days=1)
PAPER = "told me on the phone on 3 March"


@pytest.fixture
def ada(session, setting):
    setting(BOUNCE_ADDRESS="bounces@example.org")
    return a_subscriber(session, email=OLD, form_id=a_form(session).id)


def a_mail(session, person, sent_at, created_at=None):
    changes = {"created_at": created_at or sent_at, "sent_at": sent_at, "ended_at": sent_at}
    return a_message(session, person, state=MessageState.SENT, attempts=1, **changes)


def bounced(session, mail, about, now=LATER):
    raw = returned.report(to=verp.sender(mail.id), about=about, message_id=mail.message_id)
    assert bounces.read(session, raw, now).message_id == mail.id


def complained(session, mail, about, now=LATER):
    raw = returned.complaint(fields=f"Original-Rcpt-To: <{about}>\n", message_id=mail.message_id)
    assert bounces.read(session, raw, now).message_id == mail.id


def reasons(session, *addresses):
    return [suppression.reason(session, tokens.address_hash(address)) for address in addresses]


def test_a_late_bounce_of_the_old_address_does_not_end_the_new_one(session, ada):
    mail = a_mail(session, ada, BEFORE)
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    bounced(session, mail, OLD)
    session.refresh(ada)
    assert ada.state is SubscriberState.ACTIVE
    assert reasons(session, OLD, NEW) == [SuppressionReason.BOUNCE, None]


def test_a_late_complaint_from_the_old_address_does_not_end_the_new_one(session, ada):
    mail = a_mail(session, ada, BEFORE)
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    complained(session, mail, OLD)
    session.refresh(ada)
    assert ada.state is SubscriberState.ACTIVE
    assert reasons(session, OLD, NEW) == [SuppressionReason.COMPLAINT, None]


def test_a_mail_planned_since_went_to_the_new_address(session, ada):
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    bounced(session, a_mail(session, ada, NOW + timedelta(seconds=2)), NEW)
    session.refresh(ada)
    assert ada.state is SubscriberState.BOUNCED
    assert reasons(session, OLD, NEW) == [None, SuppressionReason.BOUNCE]


@pytest.mark.parametrize(
    ("after", "about", "state"),
    [
        (timedelta(minutes=1), OLD, SubscriberState.ACTIVE),
        (timedelta(minutes=1), NEW, SubscriberState.BOUNCED),
        (timedelta(minutes=1), "somebody@else.example", SubscriberState.ACTIVE),
        (timedelta(hours=1), "somebody@else.example", SubscriberState.BOUNCED),
    ],
)
def test_of_a_mail_that_was_under_way_when_it_was_corrected_the_report_decides(session, ada, after, about, state):
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    bounced(session, a_mail(session, ada, NOW + after, created_at=BEFORE), about)
    session.refresh(ada)
    assert ada.state is state


def test_corrected_twice_each_mail_has_the_address_it_went_to(session, ada):
    mails = [a_mail(session, ada, at) for at in (BEFORE, NOW + timedelta(days=1), NOW + timedelta(days=3))]
    for day, address in ((0, "ada@middle.example"), (2, NEW)):
        by_hand.correct(session, ada.id, address, PAPER, NOW + timedelta(days=day))
    went = [former.went_to(session, mail, (), NOW + timedelta(days=9)) for mail in mails]
    assert went == [tokens.address_hash(address) for address in (OLD, "ada@middle.example", NEW)]


def test_a_refusal_of_a_mail_that_was_claimed_before_the_correction_is_the_old_address_s(session, ada):
    a_tip(session, ada)
    session.commit()
    (tip,) = claim.claim(session, Queue.BULK, NOW, 1, claim.new_id(session))
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    refused = outcome(Reply(Stage.RCPT, 550, "5.1.1 Nobody here"), "relay")
    record.record(session, tip.claim_id, [Result(tip, refused)], NOW)
    session.refresh(ada)
    assert ada.state is SubscriberState.ACTIVE
    assert reasons(session, OLD, NEW) == [SuppressionReason.BOUNCE, None]


def test_a_full_box_of_the_old_address_does_not_count_for_the_new_one(session, ada):
    for days in range(14, 9, -1):
        mail = a_mail(session, ada, NOW - timedelta(days=days))
        an_event(session, EventKind.BOUNCE, mail, reason="4.2.2", at=NOW - timedelta(days=days))
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    mail = a_mail(session, ada, NOW + timedelta(minutes=1))
    raw = returned.report("4.2.2", to=verp.sender(mail.id), about=NEW, message_id=mail.message_id)
    bounces.read(session, raw, LATER)
    session.refresh(ada)
    assert ada.state is SubscriberState.ACTIVE


def test_after_a_merge_a_bounce_is_the_old_address_s_and_a_complaint_is_the_person_s(session, ada):
    mails = [a_mail(session, ada, BEFORE) for _ in range(2)]
    kept = a_subscriber(session, email="kept@example.com")
    merging.merge(session, kept.id, ada.id, NOW)
    bounced(session, mails[0], OLD)
    session.refresh(kept)
    assert (kept.state, reasons(session, OLD)) == (SubscriberState.ACTIVE, [SuppressionReason.BOUNCE])
    complained(session, mails[1], OLD)
    session.refresh(kept)
    assert (kept.state, reasons(session, OLD)) == (SubscriberState.COMPLAINED, [SuppressionReason.COMPLAINT])


def test_another_spelling_is_no_former_address_and_erasing_forgets_them(session, ada):
    by_hand.correct(session, ada.id, OLD.upper(), PAPER, NOW)
    assert former.since(session, ada.id) is None
    by_hand.correct(session, ada.id, NEW, PAPER, NOW)
    assert holdings.of(session, ada)["former_addresses"] == [{"until": NOW.isoformat()}]
    own_data.erase(session, ada.id, LATER)
    assert session.scalars(select(func.count(FormerAddress.id))).one() == 0
