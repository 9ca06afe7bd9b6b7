"""The revisions of posts and forms, and what their files say."""

import pytest
from sqlalchemy import select

from funnel.models.content import Post
from funnel.models.editing import FileCopy, Kind
from funnel.models.people import Form
from funnel.programme import content_files, post_words
from tests.conftest import NOW
from tests.owner_data import press, signed_in

EDIT = "/owner/posts/1/edit"


@pytest.fixture
def desk(app, session):
    """Somebody who has given the post another title, and dated it so that it may be saved."""
    content_files.load(session, content_files.FOLDER, NOW)
    session.commit()
    window = signed_in(app)
    typed = post_words.typed(session.scalars(select(Post)).one()) | {"title": "Mine"}
    assert press(window, EDIT, on=EDIT, based_on="1", **typed).status_code == 303
    session.expire_all()
    return window


def test_they_are_listed_with_what_each_changed(desk):
    page = desk.get("/owner/posts/1/revisions").text

    assert '<span class="chip good">now</span>' in page
    assert "from its file" in page
    assert "title" in page


def test_two_are_compared_and_an_old_one_is_said_again(desk, session, client):
    assert "<ins>" in desk.get("/owner/posts/1/revisions/compare").text
    assert "One of the two is not there" in desk.get("/owner/posts/1/revisions/compare?from=7&to=8").text

    press(desk, "/owner/posts/1/revisions/1/restore", on="/owner/posts/1/revisions/compare")
    assert session.scalars(select(Post.title)).one().startswith("Your quadratus")
    assert "It is what the post says from now on" in desk.get("/owner/posts/1").text


def test_a_revision_there_is_not_is_not_found(desk):
    assert press(desk, "/owner/posts/1/revisions/9/restore", on="/owner/posts/1").status_code == 404


def test_words_that_are_refused_today_become_a_draft_to_be_mended(desk, session):
    copy = session.get(FileCopy, (Kind.POST, 1))
    copy.content = copy.content | {"title": "Guaranteed"}
    session.commit()

    answer = press(desk, "/owner/posts/1/file", on="/owner/posts/1/file")
    assert answer.location == EDIT
    assert "These words cannot be said as they are" in desk.get(EDIT).text
    assert session.scalars(select(Post.title)).one() == "Mine"


def test_what_the_file_says_can_be_taken_and_is_followed_from_then_on(desk, session):
    assert "the file says something else" in desk.get("/owner/posts/1").text
    assert "Mine" in desk.get("/owner/posts/1/file").text
    press(desk, "/owner/posts/1/file", on="/owner/posts/1/file")

    session.expire_all()
    assert session.scalars(select(Post.title)).one().startswith("Your quadratus")
    assert session.get(FileCopy, (Kind.POST, 1)).followed
    press(desk, "/owner/posts/1/file", on="/owner/posts/1/file")
    assert "The post says this already" in desk.get("/owner/posts/1").text


def test_a_form_has_revisions_too_and_what_was_made_here_has_no_file(desk, session):
    press(desk, "/owner/forms/1/copy", on="/owner/forms/1")

    assert "made here" in desk.get("/owner/forms/2/revisions").text
    assert desk.get("/owner/forms/2/file").location == "/owner/forms/2"
    assert session.get(Form, 2) is not None
