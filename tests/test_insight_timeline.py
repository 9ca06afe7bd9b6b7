from datetime import timedelta

import pytest

from funnel.audience import bulk, tags
from funnel.audience.segment import Segment
from funnel.insight import deeds, timeline
from funnel.insight.whereabouts import Where
from funnel.models.bulk import BulkAction, BulkChange
from funnel.models.content import EnrolmentState, StopReason
from funnel.models.house import AuditEntry, Owner
from funnel.models.mail import MessageKind, MessageState
from funnel.models.people import Consent, ConsentKind, SignUpState
from funnel.models.responses import BookingHow, BookingState, EventKind
from tests.conftest import NOW
from tests.factories import (
    a_booking,
    a_claim,
    a_form,
    a_link,
    a_message,
    a_sequence,
    a_sign_up,
    a_subscriber,
    add,
    an_enrolment,
    an_event,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def ada(session):
    return a_subscriber(session)


def told(session, person, kind=None):
    entries = timeline.of(session, person.id, NOW)
    return [(entry.words, entry.detail) for entry in entries if kind in {None, entry.kind}]


def test_nobody_has_no_story(session, ada):
    assert timeline.of(session, ada.id + 1, NOW) == []


def test_the_story_of_one_person_newest_first_and_of_nobody_else(session, ada):
    course = a_sequence(session)
    form = a_form(session, sequence_id=course.id)
    a_sign_up(session, form, subscriber_id=ada.id, source="ql", state=SignUpState.SETTLED, reason="planned")
    add(
        session,
        Consent(subscriber_id=ada.id, kind=ConsentKind.CONFIRMED, how="page", wording="Send me.", at=NOW + HOUR),
    )
    an_enrolment(
        session,
        ada,
        course,
        started_at=NOW + HOUR,
        ended_at=NOW + 5 * HOUR,
        state=EnrolmentState.STOPPED,
        reason=StopReason.BOOKED,
    )
    mail = a_message(
        session,
        ada,
        step_id=course.steps[1].id,
        state=MessageState.SENT,
        sent_at=NOW + 2 * HOUR,
        reply="250 2.0.0 queued as 1",
    )
    an_event(session, EventKind.CLICK, mail, at=NOW + 3 * HOUR, link_id=a_link(session, label="Walk").id)
    a_booking(session, ada, created_at=NOW + 4 * HOUR, message_id=mail.id)
    an_event(session, EventKind.BOOKING, mail, at=NOW + 4 * HOUR)
    a_message(session, a_subscriber(session))
    assert told(session, ada) == [
        ("Stopped A course", "booked"),
        ("Asked for a session (on the booking page)", "brought by “Mail 2”"),
        ("Clicked “Walk” in “Mail 2”", ""),
        ("Sent: Mail 2", "250 2.0.0 queued as 1"),
        ("Began A course", ""),
        ("Confirmed the address (page)", "“Send me.”"),
        ("Signed up for Back-care tips, coming from ql", "planned"),
    ]


def test_what_happened_at_the_same_moment_stands_in_the_order_of_life(session, ada):
    mail = a_message(session, ada, state=MessageState.SENT, sent_at=NOW)
    an_event(session, EventKind.CLICK, mail, link_id=a_link(session).id)
    an_event(session, EventKind.UNSUBSCRIBE, mail, reason="one click")
    a_sign_up(session, subscriber_id=ada.id)
    assert [entry.kind for entry in timeline.of(session, ada.id, NOW)] == ["left", "click", "mail", "sign-up"]


def test_a_machine_is_told_from_the_person(session, ada):
    mail = a_message(session, ada, state=MessageState.SENT, sent_at=NOW)
    link = a_link(session, label="", url="https://example.org/a")
    an_event(session, EventKind.CLICK, mail, link_id=link.id, machine=True, reason="several links at once")
    assert told(session, ada, "machine") == [
        ("A machine followed “https://example.org/a” in “step”", "several links at once")
    ]


@pytest.mark.parametrize(
    ("kind", "shown", "words"),
    [
        (EventKind.BOUNCE, "bounce", "Came back: “step”"),
        (EventKind.COMPLAINT, "complaint", "Called it spam: “step”"),
        (EventKind.UNSUBSCRIBE, "left", "Left from “step”"),
        (EventKind.OPEN, "click", "Opened: “step”"),
    ],
)
def test_every_answer_has_its_words(session, ada, kind, shown, words):
    an_event(session, kind, a_message(session, ada), reason="5.1.1")
    assert told(session, ada, shown) == [(words, "5.1.1")]


@pytest.mark.parametrize("state", MessageState)
def test_every_state_of_a_mail_has_its_words(session, ada, state):
    a_message(session, ada, kind=MessageKind.CONFIRMATION, template="confirmation", state=state, reason="why")
    assert told(session, ada) == [(f"{timeline.MAIL_WORDS[state]}: Please confirm (why)", "")]


def test_a_mail_that_is_being_sent_is_told_from_one_that_waits(session, ada):
    a_claim(session, a_message(session, ada))
    assert told(session, ada) == [("Being sent: step", "")]
    assert set(timeline.MAIL_WORDS) == set(Where)


@pytest.mark.parametrize("state", BookingState)
@pytest.mark.parametrize("how", BookingHow)
def test_every_booking_has_its_words(session, ada, state, how):
    a_booking(session, ada, state=state, how=how)
    assert told(session, ada) == [(f"{timeline.BOOKING_WORDS[state]} ({timeline.HOW_BOOKED[how]})", "")]


def test_every_consent_has_its_words():
    assert set(timeline.CONSENT_WORDS) == set(ConsentKind)


def test_a_course_that_ran_to_its_end_is_finished_and_a_refused_sign_up_says_why(session, ada):
    an_enrolment(session, ada, a_sequence(session), ended_at=NOW, state=EnrolmentState.FINISHED)
    a_sign_up(session, subscriber_id=ada.id, state=SignUpState.REFUSED, reason="address limit")
    assert ("Finished A course", "") in told(session, ada)
    assert ("Signed up for Back-care tips", "Refused: address limit") in told(session, ada)


def test_what_is_planned_stands_first_by_the_time_it_is_due(session, ada):
    a_message(session, ada, due_at=NOW + HOUR)
    a_message(session, ada, state=MessageState.SENT, sent_at=NOW)
    assert [words for words, _ in told(session, ada)] == ["Waits to be sent: step", "Sent: step"]


def test_a_bounce_that_is_only_late_is_told_so(session, ada):
    an_event(session, EventKind.BOUNCE, a_message(session, ada), reason="4.4.1", detail={"delayed": True})
    assert told(session, ada, "bounce") == [("Still on its way: “step”", "4.4.1")]


def test_a_consent_line_tells_the_words_the_network_and_how(session, ada):
    line = {"kind": ConsentKind.ASKED, "how": "form", "wording": "Send me.", "network": "192.0.2.0/24", "at": NOW}
    add(session, Consent(subscriber_id=ada.id, **line))
    assert told(session, ada) == [("Agreed in the form", "“Send me.” · from the network 192.0.2.0/24")]


def test_what_the_owner_did_is_told_with_who_it_was(session, ada):
    owner = add(session, Owner(email="ale@example.org", password_hash="", session_key="", created_at=NOW))
    detail = {"subscriber": ada.id}
    add(session, AuditEntry(owner_id=owner.id, action="paused a person", detail=detail, at=NOW))
    add(session, AuditEntry(action="paused a person", detail={"subscriber": ada.id + 1}, at=NOW))
    tags.put(session, tags.tag(session, "vip", NOW).id, [ada.id], NOW - HOUR)
    assert told(session, ada) == [("Paused a person", "by ale@example.org"), ("Bears the tag “vip”", "")]


def test_what_was_done_to_many_is_told_of_each(session, ada):
    wish = bulk.Wish(BulkAction.STOP, {}, Segment(), [ada.id], ada.id, 1)
    job = bulk.ask(session, wish, None, NOW)
    add(session, BulkChange(job_id=job.id, subscriber_id=ada.id, before={}))
    assert told(session, ada) == [("Had their course stopped, with others", "")]
    assert set(deeds.BULK_WORDS) == set(BulkAction)


def test_a_long_story_comes_in_pages_that_lose_nothing(session, ada):
    for number in range(7):
        a_message(session, ada, state=MessageState.SENT, sent_at=NOW + number * HOUR)
    an_enrolment(session, ada, a_sequence(session), started_at=NOW - HOUR)
    before, pages = None, []
    while True:
        page = timeline.page(session, ada.id, before, most=3)
        pages.append([entry.at for entry in page.entries])
        if page.older is None:
            break
        before = page.older
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [at for page in pages for at in page] == [entry.at for entry in timeline.of(session, ada.id, NOW)]


def test_what_happened_at_one_moment_is_never_torn_apart(session, ada):
    for _ in range(6):
        a_message(session, ada, state=MessageState.SENT, sent_at=NOW)
    a_message(session, ada, state=MessageState.SENT, sent_at=NOW - HOUR)
    a_message(session, ada, state=MessageState.SENT, sent_at=NOW + HOUR)
    first = timeline.page(session, ada.id, None, most=3)
    second = timeline.page(session, ada.id, first.older, most=3)
    assert [len(first.entries), len(second.entries)] == [7, 1]
