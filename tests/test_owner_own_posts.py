"""Posts made, shown, hidden and moved on the owner's pages; readers see what they are meant to."""

import pytest
from sqlalchemy import select

from funnel.models.content import Post, PostState
from funnel.models.house import AuditEntry
from funnel.programme import post_words
from tests.factories import a_form, a_post
from tests.owner_data import press, signed_in

BODY = "Some words.\n\n{{ form }}\n\nMore [words](https://example.org/more).\n"


@pytest.fixture
def post(session):
    made = a_post(session, slug="backs", title="Backs", body=BODY)
    a_form(session, post_id=made.id, title="Tips")
    session.commit()
    return made


def fresh(session, row):
    session.expire_all()
    return session.get(Post, row.id)


def test_a_post_is_begun_written_published_and_read(app, session, client):
    desk = signed_in(app)
    answer = press(desk, "/owner/posts/new", on="/owner/posts/new", title="Knees & you")
    assert answer.location == "/owner/posts/1/edit"
    assert client.get("/posts/knees-you").status_code == 404
    said = {"title": "Knees", "summary": "About them.", "body": BODY, "published": "2026-01-01", "sources": ""}
    assert press(desk, "/owner/posts/1/edit", on="/owner/posts/1/edit", based_on="1", **said).status_code == 303

    press(desk, "/owner/posts/1/publish", on="/owner/posts/1")
    assert "Some words" in client.get("/posts/knees-you").text
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["began a post", "changed the words of a post", "published a post"]


@pytest.mark.parametrize(
    ("title", "slug", "words"),
    [("", "", "The title is empty"), ("Fine", "Not fine", "small letters"), ("Fine", "backs", "“Backs” has")],
)
def test_what_was_typed_stays_when_a_post_cannot_be_begun(app, post, title, slug, words):
    answer = press(signed_in(app), "/owner/posts/new", on="/owner/posts/new", title=title, slug=slug)

    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{slug}"' in answer.text


def test_a_post_that_is_not_ready_is_not_published(app, session):
    desk = signed_in(app)
    press(desk, "/owner/posts/new", on="/owner/posts/new", title="Knees")
    post = session.scalars(select(Post)).one()
    for changes, words in (
        ({}, "still the text that every post begins with"),
        ({"body": BODY}, "has no summary yet"),
        ({"summary": "Words.", "body": "No place for a form.\n"}, "Post, line 1: A post has one line"),
    ):
        for name, value in changes.items():
            setattr(post, name, value)
        session.commit()
        press(desk, "/owner/posts/1/publish", on="/owner/posts/1")
        assert words in desk.get("/owner/posts/1").text
        assert fresh(session, post).state is PostState.DRAFT


def test_a_retired_post_says_so_and_a_draft_is_not_found(app, client, session, post):
    a_post(session, slug="other", title="Another")
    session.commit()
    desk = signed_in(app)
    press(desk, "/owner/posts/1/retire", on="/owner/posts/1")
    gone = client.get("/posts/backs")
    assert (gone.status_code, "“<bdi>Backs</bdi>” has been taken down" in gone.text) == (410, True)
    assert 'href="/posts/other"' in gone.text

    press(desk, "/owner/posts/1/withdraw", on="/owner/posts/1")
    assert client.get("/posts/backs").status_code == 404
    assert "Some words" in desk.get("/owner/posts/1/page").text


def test_a_post_moves_and_its_old_address_leads_on(app, client, session, post):
    desk = signed_in(app)
    press(desk, "/owner/posts/1/address", on="/owner/posts/1/address", slug="lower-backs")

    answer = client.get("/posts/backs?utm_source=x&slug=y")
    assert (answer.status_code, answer.location) == (301, "/posts/lower-backs?utm_source=x")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert 'name="src" value="backs"' in client.get("/posts/lower-backs").text
    assert "Counted as" in desk.get("/owner/posts/1").text


def test_an_address_that_cannot_be_taken_is_told_with_what_was_typed(app, session, post):
    a_post(session, slug="other", title="Another")
    session.commit()
    answer = press(signed_in(app), "/owner/posts/1/address", on="/owner/posts/1/address", slug="other")

    assert answer.status_code == 422
    assert "“Another” has" in answer.text
    assert 'value="other"' in answer.text


def test_the_preview_is_the_readers_page_of_what_is_typed(app, session, post):
    desk = signed_in(app)
    typed = post_words.typed(post) | {"title": "Typed", "body": BODY + "\n![A back](/static/img/ql.svg)\n"}
    for scheme, rule in (("light", "@media not all"), ("dark", "@media all")):
        answer = press(desk, "/owner/posts/preview", on="/owner/posts/1", text_id="1", scheme=scheme, **typed)
        assert '<h1 dir="auto">Typed</h1>' in answer.text
        assert rule in answer.text
        assert "Tips" in answer.text
        assert not {"<script", '<link rel="stylesheet"'} & set(answer.text.split(">"))
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert fresh(session, post).title == "Backs"


def test_a_tag_that_is_none_is_said_in_the_frame(app, post):
    typed = post_words.typed(post) | {"body": "{{ nonsense }}\n\n{{ form }}\n"}
    answer = press(signed_in(app), "/owner/posts/preview", on="/owner/posts/1", text_id="1", **typed)

    assert "This is not a page yet" in answer.text
    assert "nonsense" in answer.text


def test_a_scheme_there_is_not_is_not_found(app, post):
    assert signed_in(app).get("/owner/posts/1/page?scheme=pink").status_code == 404


def test_a_post_without_a_form_says_that_nobody_can_sign_up(app, session):
    a_post(session, body=BODY)
    session.commit()

    assert "Readers of it cannot sign up" in signed_in(app).get("/owner/posts/1").text
