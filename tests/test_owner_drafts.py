"""Drafts of posts and forms."""

import pytest
from sqlalchemy import select

from funnel.models.editing import Draft
from funnel.programme import post_words
from tests.factories import a_form, a_post
from tests.owner_data import press, signed_in, token

BODY = "One.\n\n{{ form }}\n"
AT = "/owner/posts/1/draft"


@pytest.fixture
def post(session):
    made = a_post(session, body=BODY, title="Backs")
    a_form(session)
    session.commit()
    return made


@pytest.fixture
def desk(app, post):
    return signed_in(app)


def kept(desk, post, version=0, based_on=0, **changes):
    """What the script does a moment after the last key."""
    data = post_words.typed(post) | changes | {"version": version, "based_on": based_on}
    data["csrf_token"] = token(desk, "/owner/posts/1/edit")
    return desk.post(AT, data=data, headers={"Accept": "application/json"})


def test_what_is_typed_is_kept_good_or_not_and_shown_again(desk, post):
    told = kept(desk, post, title="", body="Half a sen").json

    assert told == {"words": "", "version": 1}
    assert "Half a sen" in desk.get("/owner/posts/1/edit").text
    assert "You have a draft of this post" in desk.get("/owner/posts/1").text
    assert kept(desk, post, version=1, title="More").json["version"] == 2


def test_another_window_is_not_overwritten(desk, post):
    kept(desk, post, title="Here")
    answer = kept(desk, post, title="There")

    assert answer.status_code == 409
    assert "Another window" in answer.json["words"]


def test_typing_it_back_takes_the_draft_away(desk, session, post):
    kept(desk, post, title="Other")
    assert "Nothing differs" in kept(desk, post, version=1).json["words"]
    assert session.scalars(select(Draft)).all() == []


def test_somebody_who_saved_meanwhile_is_told_at_once(desk, post):
    kept(desk, post, title="Other")
    typed = post_words.typed(post) | {"title": "Saved elsewhere"}
    press(desk, "/owner/posts/1/edit", on="/owner/posts/1/edit", based_on="0", **typed)

    assert "Somebody has saved other words" in kept(desk, post, title="Mine").json["words"]
    assert "Other words have been saved since" in desk.get("/owner/posts/1/edit").text


def test_without_script_it_is_kept_by_a_button_compared_thrown_away_and_brought_back(desk, session, post):
    typed = post_words.typed(post) | {"title": "Other"}
    assert press(desk, AT, on="/owner/posts/1/edit", based_on="0", **typed).location == "/owner/posts/1"
    assert "<ins>" in desk.get(AT).text
    thrown = press(desk, f"{AT}/discard", on="/owner/posts/1")
    assert thrown.location.startswith("/owner/posts/1?thrown_away=")
    page = desk.get(thrown.location).text
    assert "Your draft is thrown away" in page

    number = thrown.location.rpartition("=")[2]
    assert press(desk, f"{AT}/undo", on=thrown.location, draft=number).location == "/owner/posts/1/edit"
    assert "Other" in desk.get("/owner/posts/1/edit").text
    press(desk, f"{AT}/undo", on="/owner/posts/1", draft="99")
    assert "That draft is gone" in desk.get("/owner/posts/1").text


def test_without_a_draft_there_is_nothing_to_compare_or_throw_away(desk, post):
    assert "There is none" in desk.get(AT).text
    assert desk.get(f"{AT}?of=9").status_code == 404
    assert press(desk, f"{AT}/discard", on="/owner/posts/1").location == "/owner/posts/1"
