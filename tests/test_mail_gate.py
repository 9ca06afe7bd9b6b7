"""The gate: who gets no mail after all, and why; one tip or newsletter a person in 20 hours."""

from datetime import timedelta

import pytest

from funnel.audience import suppression
from funnel.mail import claim, gate
from funnel.models.content import EnrolmentState, StopReason
from funnel.models.mail import MessageKind, MessageState, Queue
from funnel.models.people import Pace, SubscriberState, SuppressionReason
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.factories import a_message, a_sequence, a_stamp, a_subscriber, an_enrolment
from tests.mail_cast import Asked, a_confirmation, a_newsletter, a_tip, claimed, in_step

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "reason"),
    [(state, reason) for state, reason in gate.ENDED.items()],
)
def test_whoever_is_not_active_gets_no_tip(session, state, reason):
    tip = a_tip(session, a_subscriber(session, state=state))
    assert claimed(session) == []
    assert (tip.state, tip.reason, tip.ended_at) == (MessageState.SKIPPED, reason, NOW)
    assert_balance(session, waiting=0)


def test_a_suppressed_address_gets_no_tip(session):
    person = a_subscriber(session)
    suppression.suppress(session, person.address_hash, SuppressionReason.OWNER, NOW)
    tip = a_tip(session, person)
    assert claimed(session) == []
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, gate.SUPPRESSED)


def test_a_stopped_course_sends_nothing_more(session):
    sequence, person = a_sequence(session), a_subscriber(session)
    enrolment = an_enrolment(
        session, person, sequence, state=EnrolmentState.STOPPED, reason=StopReason.BOOKED, step_id=None
    )
    tip = a_tip(session, person, step_id=sequence.steps[1].id, enrolment_id=enrolment.id)
    claimed(session)
    assert (tip.state, tip.reason) == (MessageState.SKIPPED, "the course was stopped: booked")


def test_a_finished_course_still_sends_its_last_mail(session):
    sequence, person = a_sequence(session), a_subscriber(session)
    enrolment = an_enrolment(session, person, sequence, state=EnrolmentState.FINISHED, step_id=None)
    a_tip(session, person, step_id=sequence.steps[2].id, enrolment_id=enrolment.id)
    assert len(claimed(session)) == 1


def test_what_came_too_late_expires(session):
    tip = a_tip(session, expires_at=NOW)
    claimed(session)
    assert (tip.state, tip.reason) == (MessageState.EXPIRED, gate.TOO_LATE)
    assert_balance(session, waiting=0)


def test_a_pause_skips_a_newsletter_and_holds_a_tip_to_its_end(session):
    person = a_subscriber(session, paused_until=NOW + timedelta(days=30))
    newsletter, tip = a_newsletter(session, person), a_tip(session, person)
    assert claimed(session) == []
    assert (newsletter.state, newsletter.reason) == (MessageState.SKIPPED, gate.PAUSED)
    assert (tip.state, tip.due_at, tip.expires_at) == (
        MessageState.QUEUED,
        NOW + timedelta(days=30),
        NOW + timedelta(days=33),
    )


def test_monthly_only_means_no_tip_and_a_newsletter_every_28_days(session):
    person, another = a_subscriber(session, pace=Pace.MONTHLY), a_subscriber(session, pace=Pace.MONTHLY)
    a_stamp(session, person, NOW - timedelta(days=27), newsletter_at=NOW - timedelta(days=27))
    stamp = a_stamp(session, another, NOW - timedelta(days=28), newsletter_at=NOW - timedelta(days=28))
    tip, early, fine = a_tip(session, person), a_newsletter(session, person), a_newsletter(session, another)
    assert [found.id for found in claimed(session)] == [fine.id]
    assert (tip.reason, early.reason) == (gate.MONTHLY, gate.HAD_THIS_MONTH)
    session.refresh(stamp)
    assert (stamp.at, stamp.newsletter_at, stamp.message_id) == (NOW, NOW, fine.id)


def test_two_mails_to_one_person_are_twenty_hours_apart(session):
    person = a_subscriber(session)
    first, second = a_tip(session, person), a_newsletter(session, person)
    assert [found.id for found in claimed(session)] == [first.id]
    assert claimed(session) == []
    assert (second.state, second.due_at, second.reason) == (MessageState.QUEUED, NOW + 20 * HOUR, gate.QUIET)
    assert claimed(session, NOW + 19 * HOUR) == []
    assert [found.id for found in claimed(session, NOW + 20 * HOUR)] == [second.id]


def test_the_twenty_hours_shrink_with_the_day(session, setting):
    setting(DAY_SECONDS="24")
    person = a_subscriber(session)
    a_stamp(session, person, NOW - timedelta(seconds=21))
    a_tip(session, person)
    assert len(claimed(session)) == 1


def test_the_welcome_is_not_held_back_but_counts(session):
    person = a_subscriber(session)
    a_stamp(session, person, NOW - HOUR)
    a_tip(session, person, queue=Queue.URGENT)
    assert len(claimed(session, queue=Queue.URGENT)) == 1
    newsletter = a_newsletter(session, person)
    assert claimed(session) == []
    assert newsletter.due_at == NOW + 20 * HOUR


def test_a_confirmation_goes_to_somebody_pending(session):
    confirmation = a_confirmation(session)
    assert [found.id for found in claimed(session, queue=Queue.URGENT)] == [confirmation.id]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda found: setattr(found.sign_up, "confirmed_at", NOW), gate.CONFIRMED),
        (lambda found: setattr(found.person, "state", SubscriberState.ACTIVE), gate.CONFIRMED),
        (lambda found: setattr(found.mail, "sign_up_id", None), gate.GONE),
        (lambda found: setattr(found.person, "email", None), gate.GONE),
        (lambda found: found.suppress(SuppressionReason.COMPLAINT), gate.SUPPRESSED),
    ],
)
def test_a_confirmation_that_is_not_wanted_any_more_is_skipped(session, spoil, reason):
    found = Asked(session)
    spoil(found)
    assert claimed(session, queue=Queue.URGENT) == []
    assert (found.mail.state, found.mail.reason) == (MessageState.SKIPPED, reason)
    assert_balance(session, waiting=0)


def test_after_an_erasure_a_fresh_sign_up_is_asked_to_confirm(session):
    found = Asked(session)
    found.suppress(SuppressionReason.ERASURE)
    assert len(claimed(session, queue=Queue.URGENT)) == 1


def test_a_notice_goes_to_somebody_who_left_but_not_to_an_address_that_complained(session):
    left, complained = (a_subscriber(session, state=state) for state in ("unsubscribed", "complained"))
    suppression.suppress(session, complained.address_hash, SuppressionReason.COMPLAINT, NOW)
    notice = {"kind": MessageKind.NOTICE, "template": "fresh_link", "queue": Queue.URGENT}
    wanted, unwanted = a_message(session, left, **notice), a_message(session, complained, **notice)
    assert [found.id for found in claimed(session, queue=Queue.URGENT)] == [wanted.id]
    assert (unwanted.state, unwanted.reason) == (MessageState.SKIPPED, gate.SUPPRESSED)


def test_a_domain_that_rests_is_left_alone_and_no_other(session):
    resting, other = (a_tip(session, a_subscriber(session, email=f"ada@{name}")) for name in ("full.test", "free.test"))
    in_step(session)
    found = claim.claim(session, Queue.BULK, NOW, 10, claim.new_id(session), resting=["full.test"])
    session.commit()
    session.expire_all()
    assert [row.id for row in found or []] == [other.id]
    assert (resting.state, resting.reason) == (MessageState.QUEUED, gate.DOMAIN_RESTS)
    assert resting.due_at == NOW + gate.DOMAIN_LOOK
    assert_balance(session, waiting=2)
