"""Somebody who is in signs up by another form: a course they never met begins by one tap, and nothing else changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import answer, confirmation, ending, evidence, letting_in, preferences, reminding
from funnel.audience.confirmation import State
from funnel.insight import tallies, timeline
from funnel.insight.funnel import funnel
from funnel.models.choices_made import Choice
from funnel.models.content import Enrolment, EnrolmentState, SequenceState, StopReason
from funnel.models.handouts import Gives
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import Consent, Pace, SignUpState, Subscriber, SubscriberState
from funnel.models.responses import EventKind
from funnel.programme import enrolment, handouts, tick
from tests.audience_cast import VISIT, confirms, count, signs_up, templates
from tests.conftest import NOW
from tests.factories import a_form, a_sequence, a_sign_up, a_subscriber, an_enrolment, an_event
from tests.mail_cast import claimed, in_step
from tests.test_programme_pdf_file import a_pdf

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALWAYS = {"window_start": 0, "window_end": 24 * 60, "weekends": True}


@pytest.fixture
def first(session):
    return a_form(session, title="Backs")


@pytest.fixture
def second(session):
    return a_form(session, title="Necks", sequence_id=a_sequence(session, **ALWAYS).id, wording="Send me the necks.")


@pytest.fixture
def ada(session, first):
    person = confirms(session, signs_up(session, first, first_name="Ada", source="post"))
    person.language, person.pace = "it", Pace.ALL
    session.flush()
    return person


def columns(row) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def press(session, sign_up, now):
    return confirmation.confirm(session, confirmation.token(sign_up), VISIT, now).state


def on(session, person, form):
    theirs = select(Enrolment).where(Enrolment.subscriber_id == person.id, Enrolment.sequence_id == form.sequence_id)
    return session.scalars(theirs.execution_options(populate_existing=True)).one_or_none()


def reason(session, form, now, **typed):
    return signs_up(session, form, now=now, **typed).reason


def test_they_are_asked_in_a_mail_and_nothing_of_theirs_changes(session, ada, second):
    before, lines = columns(ada), count(session, Consent)
    row = signs_up(session, second, "ADA@example.org", now=NOW + DAY, first_name="Eve", source="elsewhere")
    assert (row.state, row.reason, row.subscriber_id) == (SignUpState.SETTLED, answer.ANOTHER, ada.id)
    assert columns(ada) == before
    assert (count(session, Consent), on(session, ada, second)) == (lines, None)
    mail = session.scalars(select(Message).where(Message.sign_up_id == row.id)).one()
    assert (mail.kind, mail.template, mail.key) == (MessageKind.NOTICE, "another_course", f"another-course:{row.id}")
    assert (mail.queue, mail.due_at, mail.expires_at) == (Queue.URGENT, NOW + DAY, NOW + DAY + confirmation.VALID)


def test_one_tap_begins_that_course_and_nothing_else_changes(session, ada, second):
    before = columns(ada)
    row = signs_up(session, second, now=NOW + DAY, first_name="Eve", network="192.0.2.9")
    assert press(session, row, NOW + DAY + HOUR) is State.DONE
    assert columns(ada) == before
    place = on(session, ada, second)
    assert (place.state, place.started_at) == (EnrolmentState.ACTIVE, NOW + DAY + HOUR)
    welcome = session.scalars(select(Message).where(Message.enrolment_id == place.id)).one()
    assert (welcome.queue, welcome.due_at) == (Queue.URGENT, NOW + DAY + HOUR)
    asked, confirmed = evidence.of(session, ada.id)[-2:]
    assert (asked.kind, asked.at, asked.agreed_to, asked.network) == (
        "consent: asked", NOW + DAY, "Send me the necks.", "192.0.2.0/24"
    )  # fmt: skip
    assert (confirmed.kind, confirmed.at, confirmed.agreed_to) == (
        "consent: confirmed", NOW + DAY + HOUR, "Send me the necks."
    )  # fmt: skip
    assert asked.shown.words["title"] == confirmed.shown.words["title"] == "Necks"
    assert (confirmed.said, count(session, Choice)) == ("Confirmed another course", 0)
    told = {entry.words.partition(" (")[0]: entry.detail for entry in timeline.of(session, ada.id, NOW + 2 * DAY)}
    assert told["Confirmed another course"].startswith("“Send me the necks.”")
    assert told["Signed up for Necks"] == answer.ANOTHER


def test_a_second_tap_says_they_are_in_and_does_nothing(session, ada, second):
    row = signs_up(session, second, now=NOW + DAY)
    press(session, row, NOW + DAY)
    before = [count(session, noun) for noun in (Consent, Message, Enrolment)]
    assert press(session, row, NOW + 2 * DAY) is State.DONE
    assert [count(session, noun) for noun in (Consent, Message, Enrolment)] == before


def test_of_two_forms_of_one_course_the_second_changes_nothing(session, ada, second):
    twin = a_form(session, sequence_id=second.sequence_id)
    rows = [signs_up(session, form, now=NOW + days * DAY) for days, form in ((1, second), (2, twin))]
    assert [row.reason for row in rows] == [answer.ANOTHER] * 2
    press(session, rows[0], NOW + 3 * DAY)
    lines = count(session, Consent)
    enrolment.stop(session, ada.id, StopReason.BOOKED, NOW + 3 * DAY)
    assert press(session, rows[1], NOW + 3 * DAY) is State.DONE
    assert on(session, ada, twin).state is EnrolmentState.STOPPED
    assert count(session, Consent) == lines
    assert reason(session, twin, NOW + 4 * DAY) == answer.TOLD


def test_a_course_that_ended_or_holds_nothing_is_not_asked_about(session, ada):
    retired = a_form(session, sequence_id=a_sequence(session, state=SequenceState.RETIRED).id)
    empty = a_form(session, sequence_id=a_sequence(session, days=()).id)
    assert [reason(session, retired, NOW + DAY), reason(session, empty, NOW + 3 * DAY)] == [answer.TOLD] * 2


def test_a_course_that_ended_since_is_said_to_be_over(session, ada, second):
    row = signs_up(session, second, now=NOW + DAY)
    on_file = a_sequence(session)
    second.sequence_id, on_file.state = on_file.id, SequenceState.RETIRED
    lines = count(session, Consent)
    assert press(session, row, NOW + 2 * DAY) is State.OVER
    assert (count(session, Consent), on(session, ada, second)) == (lines, None)


def test_who_left_meanwhile_begins_nothing_and_is_not_mailed(session, ada, second):
    row = signs_up(session, second, now=NOW + DAY)
    ending.leave(session, ada.id, "page", VISIT, NOW + DAY + HOUR)
    mail = session.scalars(select(Message).where(Message.sign_up_id == row.id)).one()
    session.refresh(mail)
    assert (mail.state, mail.reason) == (MessageState.SKIPPED, "they left")
    assert press(session, row, NOW + 2 * DAY) is State.EXPIRED
    assert ada.state is SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize("state", [SubscriberState.PENDING, SubscriberState.UNSUBSCRIBED])
def test_who_is_not_in_is_asked_to_confirm_as_ever(session, second, state):
    a_subscriber(session, email="ada@example.org", state=state, confirmed_at=None)
    assert reason(session, second, NOW) == answer.ASKED


def test_they_are_not_reminded(session, ada, second):
    signs_up(session, second, now=NOW + DAY)
    assert reminding.remind(session, NOW + 3 * DAY) == 0


def test_the_mails_count_for_the_limits_of_the_address(session, ada, second):
    minutes = (0, 5, 11, 22, 33)
    rows = [signs_up(session, second, now=NOW + DAY + timedelta(minutes=passed)) for passed in minutes]
    assert [row.state for row in rows].count(SignUpState.SETTLED) == 3
    assert [row.reason for row in rows if row.state is SignUpState.REFUSED] == ["address limit"] * 2


def test_who_has_a_pause_begins_after_it(session, ada, second):
    preferences.pause(session, ada, NOW)
    row = signs_up(session, second, now=NOW + DAY)
    press(session, row, NOW + DAY)
    told = [
        confirmation.look(session, confirmation.token(row), NOW + DAY + passed).is_paused for passed in (HOUR / 2, HOUR)
    ]
    assert told == [True, False]  # the link works for years, whoever has it
    place = on(session, ada, second)
    assert ada.paused_until <= place.due_at < ada.paused_until + DAY
    assert count(session, Message, Message.enrolment_id == place.id) == 0
    preferences.resume(session, ada, NOW + 2 * DAY)
    assert on(session, ada, second).due_at < NOW + 4 * DAY


def test_in_a_rehearsal_it_begins_with_the_end_of_the_pause(session, ada, second, setting):
    setting(DAY_SECONDS="1")
    preferences.pause(session, ada, NOW + HOUR)
    press(session, signs_up(session, second, now=NOW + HOUR), NOW + HOUR + timedelta(seconds=3))
    assert on(session, ada, second).due_at == ada.paused_until == NOW + HOUR + timedelta(seconds=30)


def test_who_chose_one_newsletter_a_month_gets_the_course_they_asked_for_and_no_other(session, ada, second):
    preferences.monthly(session, ada, NOW)
    owners = an_enrolment(session, ada, a_sequence(session, **ALWAYS), due_at=NOW, next_at=NOW)
    press(session, signs_up(session, second, now=NOW + DAY), NOW + DAY)
    tick.tick(session, NOW + DAY)
    place = on(session, ada, second)
    in_step(session)
    gone = [mail.enrolment_id for queue in (Queue.URGENT, Queue.BULK) for mail in claimed(session, NOW + DAY, queue)]
    assert place.id in gone
    assert owners.id not in gone
    assert ada.pace is Pace.MONTHLY


def test_one_newsletter_a_month_chosen_once_more_ends_it(session, ada, second):
    preferences.monthly(session, ada, NOW)
    press(session, signs_up(session, second, now=NOW + DAY), NOW + DAY)
    assert preferences.monthly(session, ada, NOW + 2 * DAY)
    place = on(session, ada, second)
    assert (place.state, place.reason, place.is_wish) == (EnrolmentState.STOPPED, StopReason.PREFERENCE, False)
    assert not preferences.monthly(session, ada, NOW + 3 * DAY)


def test_the_same_course_with_another_handout_gives_it_once(session, ada, first):
    own = handouts.keep(session, "necks.pdf", a_pdf(), NOW)
    twin = a_form(session, sequence_id=first.sequence_id, gives=Gives.OWN, own_file_id=own.id)
    assert reason(session, twin, NOW + DAY) == answer.GIVEN
    assert templates(session)[-1] == "handout_too"
    assert reason(session, first, NOW + DAY + HOUR) == answer.TOLD_BEFORE
    assert reason(session, first, NOW + 3 * DAY) == answer.TOLD  # its handout is theirs
    an_event(session, EventKind.HANDOUT, subscriber_id=ada.id, key=f"handout:{twin.id}:{ada.id}")
    assert reason(session, twin, NOW + 9 * DAY) == answer.TOLD  # they took it


def test_a_form_that_gives_nothing_or_the_same_gives_nothing_more(session, ada, first):
    for day, gives in enumerate((Gives.NONE, Gives.OURS)):
        twin = a_form(session, sequence_id=first.sequence_id, gives=gives)
        assert reason(session, twin, NOW + (2 * day + 1) * DAY) == answer.TOLD


def test_what_was_let_in_and_is_taken_back_counts_no_more(session, ada, second):
    row = a_sign_up(session, second, email="ada@example.org", state=SignUpState.REFUSED, reason="network limit")
    reasons = letting_in.let_in(session, [row.id], NOW + DAY).let_in
    assert row.reason == answer.ANOTHER
    assert letting_in.take_back(session, reasons, NOW + DAY, NOW + DAY) == [row.id]
    assert letting_in.let_in(session, [row.id], NOW + DAY + HOUR / 10).let_in == reasons


def test_they_stay_one_sign_up_and_one_confirmed_where_they_first_came(session, ada, second):
    press(session, signs_up(session, second, now=NOW + DAY), NOW + DAY)
    session.commit()
    tallies.freshen(session, NOW + DAY)
    for form_id, expected in ((None, 1), (ada.form_id, 1), (second.id, 0)):
        stages = {stage.name: stage.people for stage in funnel(session, None, NOW + DAY, form_id=form_id)}
        assert (stages["Sign-ups"], stages["Confirmed"]) == (expected, expected)
    assert session.get_one(Subscriber, ada.id).confirmed_at == NOW
