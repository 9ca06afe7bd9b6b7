"""Regular newsletters: one draft a turn of the notes that wait, and word of it to the owner."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from funnel.audience import segments, topics
from funnel.db import Session as OwnSession
from funnel.mail import delivery, render
from funnel.mail.encoding import Unsendable
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.house import Role
from funnel.models.mail import Message, Queue
from funnel.models.rhythms import Every, Rhythm, Turn
from funnel.programme import notes, outgoing, rhythms, turns
from tests.balance import assert_balance
from tests.conftest import NOW
from tests.rhythm_cast import a_rhythm, an_owner, some_notes

NINE = datetime(2026, 4, 7, 8, tzinfo=UTC)  # of the first Tuesday in April, in summer time
DRAFTED = NINE - timedelta(days=3)


def clock(session, now):
    """What the task does; how many mails were planned."""
    planned = sum(rhythms.draft(session, number, now) for number in rhythms.due(session, now))
    return planned + rhythms.remind(session, now)


def mails(session, now=DRAFTED):
    """Subject and text of each mail that was planned."""
    found = session.scalars(select(Message).order_by(Message.id)).all()
    return [mail_of(session, message, now) for message in found]


def mail_of(session, message, now):
    mail = message_from_bytes(render.rendered(session, message, now).data, policy=default)
    return str(mail["Subject"]), mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()


def test_its_drafts_are_about_its_topic_while_that_is_offered(session):
    sitting = topics.make(session, "Sitting", "", NOW)
    a_rhythm(session, topic_id=sitting.id)
    for number, now in enumerate((DRAFTED, DRAFTED + timedelta(days=28))):
        some_notes(session, f"Sit less, {number}.")
        clock(session, now)
        topics.retire(session, sitting, NOW)
    about = session.scalars(select(Newsletter.topic_id).order_by(Newsletter.id)).all()
    assert about == [sitting.id, None]


def test_three_days_before_a_draft_is_made_and_the_owner_told(session):
    an_owner(session)
    some_notes(session, "Sit less.", "Walk more.")
    rhythm = a_rhythm(session)
    assert rhythm.next_on == date(2026, 4, 7)
    assert clock(session, DRAFTED - timedelta(seconds=1)) == 0
    assert clock(session, DRAFTED) == 1
    [draft] = session.scalars(select(Newsletter)).all()
    assert (draft.state, draft.subject, draft.send_at) == (NewsletterState.DRAFT, "Tips for April", NINE)
    [(subject, text, page)] = mails(session)
    assert subject == "Monthly tips: a draft is made of 2 notes"
    assert "for Tuesday 7 April, 09:00 is made of 2 notes" in text
    assert f"/owner/newsletters/{draft.id}/edit" in text
    assert f"/owner/newsletters/{draft.id}/edit" in page
    assert_balance(session, waiting=1)


def test_without_a_note_nothing_is_made_and_the_owner_hears_that(session):
    an_owner(session)
    a_rhythm(session)
    assert clock(session, DRAFTED) == 1
    assert session.scalars(select(Newsletter)).all() == []
    [(subject, text, _)] = mails(session)
    assert subject == "Monthly tips: no notes this time"
    assert "nothing was made" in text
    assert "/owner/newsletters/notes" in text
    assert clock(session, NINE - timedelta(minutes=5)) == 0  # nor is there anything to be reminded of


def test_it_tells_everybody_who_changes_things_and_no_viewer(session):
    for number, role in enumerate(Role):
        an_owner(session, f"{number}@example.org", role=role)
    a_rhythm(session)
    assert clock(session, DRAFTED) == len(Role) - 1


def test_one_turn_has_one_draft_however_often_the_clock_asks(session):
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session)
    for _ in range(3):
        clock(session, DRAFTED)
        some_notes(session, "One more.")
    assert session.scalar(select(func.count()).select_from(Newsletter)) == 1
    assert rhythm.next_on == date(2026, 5, 5)


def test_two_clocks_at_once_make_one_draft(session):
    an_owner(session)
    some_notes(session, "Sit less.")
    number = a_rhythm(session).id
    session.commit()

    begun = Barrier(3)

    def tick():
        with OwnSession.begin() as own:
            rhythms.due(own, DRAFTED)  # all have read it
            begun.wait()
            return rhythms.draft(own, number, DRAFTED)

    with ThreadPoolExecutor(3) as threads:
        told = [one.result() for one in [threads.submit(tick) for _ in range(3)]]
    assert sorted(told) == [0, 0, 1]
    assert session.scalars(select(Turn.day)).all() == [date(2026, 4, 7)]
    assert session.scalar(select(func.count()).select_from(Newsletter)) == 1


def test_after_a_stop_over_several_turns_only_the_latest_has_its_draft(session):
    an_owner(session)
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session)
    late = datetime(2026, 6, 10, 12, tzinfo=UTC)
    assert clock(session, late) == 1
    assert session.scalars(select(Turn.day)).all() == [date(2026, 6, 2)]
    [draft] = session.scalars(select(Newsletter)).all()
    assert (draft.subject, draft.send_at) == ("Tips for June", None)
    session.refresh(rhythm)
    assert rhythm.next_on == date(2026, 7, 7)


def test_one_that_was_added_between_draft_and_turn_has_its_draft_at_once(session):
    some_notes(session, "Sit less.")
    a_rhythm(session, NINE - timedelta(days=1))
    clock(session, NINE - timedelta(days=1))
    assert session.scalars(select(Turn.day)).all() == [date(2026, 4, 7)]


@pytest.mark.parametrize("turn_at", [540, 420])
def test_on_the_day_the_owner_is_reminded_once_of_what_is_still_a_draft(session, turn_at):
    an_owner(session)
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session, minute=turn_at)
    clock(session, DRAFTED)
    at = turns.reminder_at(rhythm, date(2026, 4, 7))
    assert at.hour * 60 + 60 == min(turn_at, turns.REMINDED_AT)
    assert clock(session, at - timedelta(seconds=1)) == 0
    assert [clock(session, at + timedelta(minutes=minutes)) for minutes in (0, 1)] == [1, 0]
    subject, text, _ = mails(session)[-1]
    assert subject == "Monthly tips: today is the day, and it is still a draft"
    assert "/owner/newsletters/1/edit" in text


def test_of_what_is_scheduled_thrown_away_or_past_its_day_nobody_is_reminded(session):
    an_owner(session)
    some_notes(session, "Sit less.")
    a_rhythm(session)
    clock(session, DRAFTED)
    assert clock(session, turns.end_of(date(2026, 4, 7))) == 0
    session.get_one(Newsletter, 1).state = NewsletterState.SCHEDULED
    session.flush()
    assert clock(session, NINE) == 0
    session.get_one(Newsletter, 1).state = NewsletterState.DRAFT
    session.flush()
    outgoing.throw_away(session, 1, DRAFTED)
    assert clock(session, NINE) == 0


def test_a_draft_made_on_the_day_itself_is_told_once(session):
    an_owner(session)
    some_notes(session, "Sit less.")
    a_rhythm(session, lead_days=0)
    assert clock(session, NINE) == 1
    assert clock(session, NINE + timedelta(hours=1)) == 0


def test_reminders_can_be_switched_off(session):
    an_owner(session)
    some_notes(session, "Sit less.")
    a_rhythm(session, reminds=False)
    assert (clock(session, DRAFTED), clock(session, NINE)) == (0, 0)
    assert session.scalar(select(func.count()).select_from(Newsletter)) == 1


def test_a_paused_one_makes_no_draft_and_leaves_out_what_passed(session):
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session)
    assert rhythms.pause(session, rhythm.id, NOW)
    assert not rhythms.pause(session, rhythm.id, NOW)
    clock(session, DRAFTED)
    assert rhythms.draft(session, rhythm.id, DRAFTED) == 0
    assert rhythms.resume(session, rhythm.id, NINE)
    assert not rhythms.resume(session, rhythm.id, NINE)
    assert rhythm.next_on == date(2026, 5, 5)
    assert session.scalars(select(Newsletter)).all() == []


def test_a_change_of_days_makes_no_second_draft_in_the_same_month(session):
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session)
    clock(session, DRAFTED)
    rhythms.keep(session, {"weekday": 3}, DRAFTED, rhythm.id)
    assert rhythm.next_on == date(2026, 5, 7)
    rhythms.keep(session, {"every": Every.WEEKS, "first_on": date(2026, 4, 7)}, DRAFTED, rhythm.id)
    assert rhythm.next_on == date(2026, 4, 21)


def test_its_draft_is_to_its_segment_which_is_not_deleted_meanwhile(session):
    booked = segments.keep(session, "Booked", {"is": "booked"}, NOW)
    some_notes(session, "Sit less.")
    rhythm = a_rhythm(session, segment_id=booked.id)
    with pytest.raises(segments.UsedError) as refused:
        segments.remove(session, booked.id)
    assert refused.value.by == ["the regular newsletter “Monthly tips”"]
    clock(session, DRAFTED)
    draft = session.scalars(select(Newsletter)).one()
    assert (draft.segment_id, draft.rule) == (booked.id, {"is": "segment", "segment": booked.id})
    rhythms.remove(session, rhythm.id)
    assert session.scalars(select(Rhythm)).all() == session.scalars(select(Turn)).all() == []
    assert notes.unsent(session) == 0


def test_word_of_one_that_was_deleted_is_not_sent(session):
    an_owner(session)
    rhythm = a_rhythm(session)
    clock(session, DRAFTED)
    rhythms.remove(session, rhythm.id)
    with pytest.raises(Unsendable, match="deleted"):
        mails(session)


def test_the_mail_of_one_leaves_like_any_other(session, sink):
    an_owner(session)
    some_notes(session, "Sit less.")
    a_rhythm(session)
    clock(session, DRAFTED)
    later = datetime.now(UTC) + timedelta(days=1)
    for table in ("message", "queue_entry"):
        session.execute(text(f"UPDATE {table} SET expires_at = :later"), {"later": later})
    session.commit()
    delivery.deliver(Queue.URGENT, 5)
    (caught,) = sink.caught
    assert caught.recipient == "alessandro@example.org"
    assert b"List-Unsubscribe" not in caught.data
    assert_balance(session, waiting=0)


def test_the_subject_has_the_month_and_year_of_its_turn():
    assert rhythms.subject_of("{{month}} {{ year }} {{ practice_name }}", date(2027, 1, 5)) == (
        "January 2027 {{ practice_name }}"
    )
