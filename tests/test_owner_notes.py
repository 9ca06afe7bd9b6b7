"""Notes on the owner's pages: one field and one press; then edited, deleted, brought back, begun a newsletter with."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.house import AuditEntry, Role
from funnel.models.rhythms import Note
from funnel.programme import notes, outgoing
from tests.owner_data import press, signed_in
from tests.readers import fields_of
from tests.rhythm_cast import a_rhythm

LIST = "/owner/newsletters/notes"


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def two(session):
    made = [notes.write(session, words, utc_now()) for words in ("Sit less.", "Walk <b>more</b>.")]
    session.commit()
    return made


def test_a_thought_is_kept_in_one_press(desk, session):
    assert "No note yet" in desk.get(LIST).text
    assert press(desk, LIST, on=LIST, words="Sit less.\r\nStand up.").location == LIST
    page = desk.get(LIST).text
    assert "Kept." in page
    assert "Sit less.\nStand up." in page
    assert "1 note for the next newsletter" in page
    assert session.scalars(select(AuditEntry.action)).all() == ["wrote a note"]


def test_the_newest_stands_first_and_nothing_in_it_is_markup(desk, two):
    page = desk.get(LIST).text
    assert page.index("Walk &lt;b&gt;more&lt;/b&gt;.") < page.index("Sit less.")


def test_a_draft_fetched_back_says_where_its_notes_are_by_now(desk, session, two):
    notes.write(session, "### Sleep\nMore.", utc_now())
    first = notes.take(session, "First", utc_now()).issue.id
    outgoing.throw_away(session, first, utc_now())
    second = notes.take(session, "Second", utc_now()).issue.id
    session.commit()
    page = f"/owner/newsletters/{first}"
    press(desk, f"{page}/fetch-back", on=page)
    assert "Notes in it stand in “Second” too" in desk.get(page).text
    outgoing.throw_away(session, second, utc_now())
    session.commit()
    press(desk, f"{page}/throw-away", on=page)
    press(desk, f"{page}/fetch-back", on=page)
    assert "Notes in it stand" not in desk.get(page).text


def test_nothing_is_no_note_and_what_was_too_long_is_not_lost(desk, session):
    answer = press(desk, LIST, on=LIST, words="  ")
    assert (answer.status_code, notes.EMPTY in answer.text) == (422, True)
    long = "x" * (notes.LONGEST + 1)
    answer = press(desk, LIST, on=LIST, words=long)
    assert (answer.status_code, long in answer.text) == (422, True)
    assert session.scalars(select(Note)).all() == []


def test_a_note_is_edited(desk, session, two):
    page = f"{LIST}/1"
    fields = fields_of(desk.get(page))
    press(desk, page, on=page, words="Sit much less.", seen_at=fields["seen_at"])
    session.expire_all()
    assert two[0].body == "Sit much less."
    answer = press(desk, page, on=page, words="From an older window", seen_at=fields["seen_at"])
    assert answer.status_code == 422
    assert "From an older window" in answer.text
    assert "Sit much less." in answer.text
    press(desk, page, on=page, words="From an older window", seen_at=fields_of(answer)["seen_at"])
    session.expire_all()
    assert two[0].body == "From an older window"


def test_an_emptied_note_does_not_learn_of_what_its_window_has_not_seen(desk, two):
    answer = press(desk, f"{LIST}/1", on=f"{LIST}/1", words="", seen_at="long ago")
    assert answer.status_code == 422
    assert fields_of(answer)["seen_at"] == "long ago"


def test_a_note_is_deleted_and_that_undone(desk, session, two):
    answer = press(desk, f"{LIST}/1/delete", on=LIST)
    assert answer.location == f"{LIST}?deleted=1"
    page = desk.get(answer.location).text
    assert "Sit less." not in page
    assert f'action="{LIST}/1/undo"' in page
    assert desk.get(f"{LIST}/1").status_code == 404
    assert press(desk, f"{LIST}/1", on=LIST, words="x").status_code == 404
    press(desk, f"{LIST}/1/delete", on=LIST)
    assert "gone already" in desk.get(LIST).text
    press(desk, f"{LIST}/1/undo", on=LIST)
    page = desk.get(LIST).text
    assert "It is back." in page
    assert "Sit less." in page
    press(desk, f"{LIST}/1/undo", on=LIST)
    assert "nothing to bring back" in desk.get(LIST).text


@pytest.mark.parametrize("deleted", ["-1", "x", str(1 << 63), "1.5"])
def test_a_made_up_undo_is_not_offered(desk, two, deleted):
    page = desk.get(f"{LIST}?deleted={deleted}")
    assert (page.status_code, "/undo" in page.text) == (200, False)


def test_all_that_wait_begin_a_newsletter_and_say_where_they_are_used(desk, session, two):
    answer = press(desk, f"{LIST}/newsletter", on=LIST)
    assert answer.location == "/owner/newsletters/1/edit"
    assert "Sit less.\n\nWalk" in session.scalars(select(Newsletter.body)).one()
    page = desk.get(LIST).text
    assert page.count('used in <a href="/owner/newsletters/1">') == 2
    assert "All of them are in a newsletter" in page
    assert "does not change that" in desk.get(f"{LIST}/1").text
    assert press(desk, f"{LIST}/newsletter", on=LIST).location == LIST
    assert notes.EMPTY not in desk.get(LIST).text
    assert session.scalars(select(Newsletter.id)).all() == [1]


def test_a_draft_is_thrown_away_its_notes_are_free_and_it_is_fetched_back(desk, session, two):
    press(desk, f"{LIST}/newsletter", on=LIST)
    page = "/owner/newsletters/1"
    press(desk, f"{page}/throw-away", on=page)
    assert "This draft was thrown away" in desk.get(page).text
    listed = desk.get(LIST).text
    assert "2 notes for the next newsletter" in listed
    assert "used in" not in listed
    press(desk, f"{page}/throw-away", on=page)
    assert "It was cancelled." in desk.get(page).text
    press(desk, f"{page}/fetch-back", on=page)
    assert "It is a draft again." in desk.get(page).text
    press(desk, f"{page}/fetch-back", on=page)
    assert "It is a draft: nothing of it is scheduled or sent." in desk.get(page).text
    assert session.scalars(select(Newsletter.state)).one() is NewsletterState.DRAFT


def test_the_page_says_which_regular_newsletter_takes_them(desk, session, two):
    assert "With <a" in desk.get(LIST).text
    a_rhythm(session, utc_now())
    session.commit()
    assert "The draft of “<a" in desk.get(LIST).text


def test_a_viewer_reads_them_without_a_field_or_a_button(app, two):
    viewer = signed_in(app, Role.VIEWER)
    page = viewer.get(LIST).text
    assert "Sit less." in page
    assert "Keep it" not in page
    assert "Delete" not in page
    assert press(viewer, LIST, on=LIST, words="x").status_code == 403
