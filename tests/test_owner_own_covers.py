"""The owner chooses what a link to a post shows: its title, or a picture of its own."""

import pytest

from funnel.models.content import Post
from tests.factories import a_post
from tests.owner_data import press, signed_in

PAGE = "/owner/posts/1/link"


@pytest.fixture
def desk(app, session):
    a_post(session, slug="chairs", body="![The <muscle>](/static/img/ql.svg)\n")
    session.commit()
    return signed_in(app)


def image(desk):
    return desk.get("/posts/chairs").text.split('property="og:image" content="http://127.0.0.1:8000')[1].split('"')[0]


def test_a_picture_of_its_own_is_chosen_shown_and_given_up_again(session, desk):
    titled = image(desk)
    page = desk.get(PAGE).text
    assert 'value="title" checked' in page
    assert "The &lt;muscle&gt;" in page
    press(desk, PAGE, of="0")
    assert 'value="0" checked' in desk.get(PAGE).text
    assert image(desk) != titled
    assert desk.get(image(desk)).data == desk.get(f"{PAGE}.png?of=0").data != desk.get(f"{PAGE}.png").data
    assert '"og:image:alt" content="The &lt;muscle&gt;"' in desk.get("/posts/chairs").text
    press(desk, PAGE, of="title")
    assert image(desk) == titled
    assert session.get_one(Post, 1).cover is None


def test_a_picture_that_left_the_text_is_shown_no_more(session, desk):
    titled = image(desk)
    press(desk, PAGE, of="0")
    session.get_one(Post, 1).body = "Only words.\n"
    session.commit()
    assert image(desk) == titled
    assert "no picture of its own" in desk.get(PAGE).text


def test_what_is_no_picture_of_it_is_refused_and_the_same_choice_changes_nothing(desk):
    for value in ("7", "x", "", "²"):
        assert press(desk, PAGE, of=value).status_code == 404
    press(desk, PAGE, of="title")
    assert "Nothing had changed." in desk.get(PAGE).text


def test_the_posts_page_leads_there(desk):
    assert f'href="{PAGE}"' in desk.get("/owner/posts/1").text
