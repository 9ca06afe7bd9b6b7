"""Notes: kept, changed, deleted, and taken into a newsletter."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.content import NewsletterState
from funnel.models.editing import Kind
from funnel.models.rhythms import Note
from funnel.programme import notes, outgoing, revisions
from tests.conftest import NOW
from tests.rhythm_cast import an_owner, some_notes


def test_all_unsent_notes_make_a_newsletter_in_their_order_each_under_its_heading(session):
    first = "# Sitting\r\n\r\nSit less.\r\n"
    some_notes(session, first, "No heading here.\n\n# And none at the top.", "### Sleep\nMore.")
    taken = notes.take(session, "Chairs", NOW)
    assert taken.notes == 3
    assert taken.issue.body == (
        'Hello {{ first_name | default("there") }},\n\n## Sitting\n\nSit less.\n\n'
        "No heading here.\n\n# And none at the top.\n\n## Sleep\nMore.\n\n{{ practitioner_name }}\n"
    )
    assert taken.issue.state is NewsletterState.DRAFT
    assert notes.unsent(session) == 0


def test_pressed_twice_it_is_one_note_and_written_again_later_another(session):
    first = notes.write(session, "Sit less.", NOW)
    assert notes.write(session, " Sit less.\r\n", NOW + timedelta(seconds=2)) is first
    assert notes.write(session, "Sit more.", NOW) is not first
    assert notes.write(session, "Sit less.", NOW + timedelta(hours=1)) is not first
    assert notes.unsent(session) == 3


def test_where_no_note_waits_none_is_begun(session):
    some_notes(session, "Sit less.")
    notes.take(session, "Chairs", NOW)
    assert notes.take(session, "Chairs", NOW) is None


def test_the_first_revision_says_what_it_is_made_of_and_by_whom(session):
    owner = an_owner(session)
    some_notes(session, "Sit less.")
    issue = notes.take(session, "Chairs", NOW, owner_id=owner.id).issue
    [line] = revisions.listed(session, Kind.NEWSLETTER, issue.id)
    assert (line.revision.why, line.who) == (notes.MADE, owner.email)


def test_notes_of_a_draft_that_is_thrown_away_are_free_again_until_it_is_fetched_back(session):
    some_notes(session, "Sit less.")
    issue = notes.take(session, "Chairs", NOW).issue
    outgoing.throw_away(session, issue.id, NOW)
    assert notes.unsent(session) == 1
    outgoing.fetch_back(session, issue.id)
    assert notes.unsent(session) == 0


def test_notes_of_a_newsletter_that_began_to_leave_stay_used_when_it_is_cancelled(session):
    some_notes(session, "Sit less.")
    issue = notes.take(session, "Chairs", NOW).issue
    issue.state, issue.started_at = NewsletterState.SENDING, NOW
    session.flush()
    outgoing.cancel(session, issue.id, NOW)
    assert notes.unsent(session) == 0
    with pytest.raises(outgoing.NotNow, match="had begun to leave"):
        outgoing.fetch_back(session, issue.id)


def test_only_a_draft_is_thrown_away(session):
    some_notes(session, "Sit less.")
    issue = notes.take(session, "Chairs", NOW).issue
    issue.state = NewsletterState.SCHEDULED
    session.flush()
    with pytest.raises(outgoing.NotNow, match="It is scheduled"):
        outgoing.throw_away(session, issue.id, NOW)


def test_of_very_many_the_oldest_are_taken(session, monkeypatch):
    monkeypatch.setattr(notes, "MOST_TAKEN", 1)
    first, second = some_notes(session, "First.", "Second.")
    assert "First." in notes.take(session, "Chairs", NOW).issue.body
    assert (first.newsletter_id, second.newsletter_id) == (1, None)


def test_a_deleted_note_is_in_no_newsletter_and_can_be_brought_back(session):
    [note] = some_notes(session, "Sit less.")
    assert notes.remove(session, note.id, NOW)
    assert not notes.remove(session, note.id, NOW)
    assert notes.take(session, "Chairs", NOW) is None
    assert notes.bring_back(session, note.id)
    assert not notes.bring_back(session, note.id)
    assert notes.unsent(session) == 1


def test_what_was_deleted_is_gone_for_good_after_a_month(session):
    first, second = some_notes(session, "First.", "Second.")
    notes.remove(session, first.id, NOW)
    notes.remove(session, second.id, NOW + notes.KEPT + timedelta(seconds=1))
    assert session.scalars(select(Note.body)).all() == ["Second."]


def test_a_note_that_somebody_else_changed_is_not_overwritten(session):
    [note] = some_notes(session, "Sit less.")
    seen = note.updated_at.isoformat()
    notes.change(session, note.id, "Sit much less.", seen, NOW + timedelta(seconds=1))
    with pytest.raises(notes.BadNote, match="meanwhile"):
        notes.change(session, note.id, "Stand.", seen, NOW + timedelta(seconds=2))
    assert note.body == "Sit much less."
    assert (
        notes.change(session, note.id, "Sit much less.\n", seen, NOW + timedelta(seconds=2)) is note
    )  # a second press


@pytest.mark.parametrize(("words", "why"), [(" \n\0", notes.EMPTY), ("x" * (notes.LONGEST + 1), notes.TOO_LONG)])
def test_nothing_and_too_much_are_no_notes(session, words, why):
    with pytest.raises(notes.BadNote, match=why[:20]):
        notes.write(session, words, NOW)
