"""“Ready for readers?”: of a post as it is typed."""

import pytest

from funnel import shelf
from funnel.mail import targets
from funnel.web import nudge
from tests.factories import a_post
from tests.owner_data import press, signed_in

BODY = "Some words.\n\n{{ form }}\n\nMore [words](https://example.org/more).\n"
TYPED = {"title": "Backs", "summary": "About backs.", "body": BODY, "sources": "", "published": "2026-01-01"}


@pytest.fixture
def ask(app, session):
    """ask(path, …) posts what is typed as the page's script does; with script=False as its button does."""
    a_post(session, body=BODY)
    session.commit()
    desk = signed_in(app)

    def asked(path="/owner/posts/preview/checks", script=True, **changes):
        if not script:
            return press(desk, path, on="/owner/posts/1", **(TYPED | changes)).text
        data = TYPED | changes | {"form_id": "editor", "csrf_token": token(desk)}
        return desk.post(path, data=data, headers={"X-Part": "1"}).text

    return asked


def token(desk):
    from tests.owner_data import token as found

    return found(desk, "/owner/posts/1")


def test_what_must_be_mended_is_named_with_its_line(ask):
    said = ask(body=BODY + "\nGuaranteed.\n")

    assert "Not ready: 1 thing to mend" in said
    assert 'data-line="7"' in said
    assert "guaranteed" in said


def test_what_might_be_better_is_said_and_left_to_the_author(ask):
    said = ask(title="T" * 70, body=BODY + "\n![](/static/img/ql.svg)\n\nSome studies show it.\n")

    assert "Can be published" in said
    for words in (
        "search engines cut it",
        "has no words for those who do not see it",
        "50 to 160",
        "no source is kept",
    ):
        assert words in said


def test_good_words_are_ready(ask):
    good = "We all sit and stand. We walk a bit each day. " * 40
    said = ask(summary="What helps a back that aches, in words that are plain.", body=f"{good}\n\n{{{{ form }}}}\n")

    assert "Ready for readers" in said
    assert "mend" not in said


def test_without_script_the_answer_is_a_page_beside_the_editor(ask):
    page = ask(script=False)

    assert "Your editor is still open beside this page" in page
    assert '<textarea name="body" hidden>' in page


def test_links_are_looked_at_by_a_worker_and_remembered(ask, monkeypatch):
    asked = []
    monkeypatch.setattr("funnel.web.owner.preview.nudge", lambda task: asked.append(task.name) or True)
    said = ask("/owner/posts/preview/links")
    assert asked == ["tasks.links.look"]
    assert "data-again" in said
    assert targets.progress(["https://example.org/more"]) == (1, 1)

    monkeypatch.setattr(targets, "look", lambda url: targets.Seen(targets.State.DEAD, "there is no such page (404)"))
    targets.look_at_some()
    assert "is dead: there is no such page (404)" in ask()


def test_a_worker_or_redis_that_is_away_is_said(ask, monkeypatch):
    monkeypatch.setattr(nudge, "nudge", lambda *_: False)
    monkeypatch.setattr("funnel.web.owner.preview.nudge", lambda *_: False)
    assert "could not be told just now" in ask("/owner/posts/preview/links")

    def away(*_):
        raise shelf.AwayError

    monkeypatch.setattr(shelf, "keep", away)
    assert "Redis is away" in ask("/owner/posts/preview/links")
