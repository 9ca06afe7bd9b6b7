"""The revisions of a mail and its file: compared, and brought back."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Step
from funnel.models.editing import Draft, FileCopy, Kind
from funnel.programme import editing, wording
from tests.owner_data import Practice, press, signed_in

LIST = "/owner/mails/2/revisions"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


@pytest.fixture
def edited(practice, desk):
    """The second mail has words of the owner's as its second revision."""
    step = practice.session.get(Step, 2)
    values = wording.read(wording.typed(step) | {"subject": "Feel your QL"})[0]
    editing.save(practice.session, step, values, based_on=1, owner_id=1, why="saved", now=practice.now)
    practice.session.commit()
    return step


def mail(session):
    session.expire_all()
    return session.get(Step, 2)


def test_revisions_are_listed_with_who_and_what(desk, edited):
    page = " ".join(desk.get(LIST).text.split())

    assert "alessandro@example.org" in page
    assert 'saved <span class="soft">subject</span>' in page
    assert "from its file" in page
    assert "Nothing has been saved yet" not in page


def test_a_mail_without_a_revision_says_so(desk, practice):
    new = editing.add(practice.session, practice.course, practice.now)
    practice.session.commit()

    assert "Nothing has been saved yet" in desk.get(f"/owner/mails/{new.id}/revisions").text


def test_any_two_are_compared_without_needing_colour(desk, edited):
    page = desk.get(f"{LIST}/compare?from=1&to=2").text

    assert '<del><span class="hidden-text"> taken out: </span>Find</del>' in page
    assert '<ins><span class="hidden-text"> added: </span>Feel</ins>' in page
    assert desk.get(f"{LIST}/compare").text.count("<ins>") == page.count("<ins>")
    assert "Nothing to compare" in desk.get(f"{LIST}/compare?to=1").text


def test_an_old_revision_is_said_again_as_a_new_one(desk, edited, practice):
    answer = press(desk, f"{LIST}/1/restore", on=LIST.replace("revisions", "edit"))

    assert answer.location == "/owner/mails/2"
    assert (mail(practice.session).subject, mail(practice.session).revision) == ("Find your QL in 30 seconds", 3)
    assert "revision 1 restored" in desk.get(LIST).text
    assert press(desk, f"{LIST}/9/restore", on="/owner/mails/2/edit").status_code == 404


def test_an_old_revision_that_is_refused_today_goes_into_the_draft(desk, edited, practice):
    from funnel.programme import revisions

    content = wording.said(wording.typed(edited))
    revisions.add(
        practice.session, Kind.STEP, 2, content | {"body": "It cures."}, owner_id=1, why="x", now=practice.now
    )
    practice.session.commit()

    answer = press(desk, f"{LIST}/3/restore", on="/owner/mails/2/edit")

    assert answer.location == "/owner/mails/2/edit"
    assert practice.session.scalars(select(Draft)).one().content["body"] == "It cures."
    assert mail(practice.session).subject == "Feel your QL"


def test_the_file_s_words_are_shown_and_taken(desk, edited, practice):
    page = desk.get("/owner/mails/2/file").text
    assert "You edited the mail here since" in page
    assert "added: " in page

    answer = press(desk, "/owner/mails/2/file", on="/owner/mails/2/file")

    assert answer.location == "/owner/mails/2"
    assert mail(practice.session).subject == "Find your QL in 30 seconds"
    assert practice.session.get(FileCopy, (Kind.STEP, 2)).followed
    assert "Nothing differs" in desk.get("/owner/mails/2/file").text


def test_the_file_s_day_is_asked_about(desk, practice):
    editing.move(practice.session, practice.course, {2: 3}, practice.now)
    practice.session.commit()

    assert press(desk, "/owner/mails/2/file", on="/owner/mails/2/file").location == "/owner/mails/2/day?day=2"


def test_a_mail_made_here_has_no_file(desk, practice):
    new = editing.add(practice.session, practice.course, practice.now)
    practice.session.commit()

    assert desk.get(f"/owner/mails/{new.id}/file").location == f"/owner/mails/{new.id}"
    assert press(desk, f"/owner/mails/{new.id}/file", on="/owner/mails/2/file").status_code == 404
    assert "file says" not in desk.get(f"/owner/mails/{new.id}").text
