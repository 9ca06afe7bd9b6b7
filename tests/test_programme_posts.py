"""Posts made and changed here: their words, their states, their addresses; their files do not undo it."""

import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.models.content import OldSlug, Post, PostState
from funnel.models.editing import FileCopy, Kind
from funnel.models.house import Owner
from funnel.programme import content_files, post_words, posts, prose, revisions
from funnel.programme.posts import SlugError
from tests.conftest import NOW
from tests.factories import a_post, add

LATER = NOW + timedelta(days=2)
BODY = "Some words.\n\n{{ form }}\n\nMore words.\n"


@pytest.fixture
def owner(session):
    return add(session, Owner(email="a@example.org", password_hash="none", session_key="k", created_at=NOW)).id


def faults(changes, now=NOW):
    good = {"title": "Backs", "summary": "About them.", "body": BODY, "sources": "", "published": "2026-03-01"}
    return [(fault.field, fault.line, fault.text) for fault in post_words.read(good | changes, now)[1]]


def save(session, post, owner, **changes):
    values, wrong = post_words.read(post_words.typed(post) | changes, LATER)
    assert not wrong
    based_on = revisions.latest(session, Kind.POST, post.id)
    return posts.save(session, post, values, based_on=based_on, owner_id=owner, why="saved", now=LATER)


def test_a_new_post_is_a_draft_with_words_to_begin_with(session, owner):
    post = posts.begin(session, "Für den Rücken & mehr", "", owner, NOW)

    assert (post.slug, post.state) == ("fur-den-rucken-mehr", PostState.DRAFT)
    assert prose.check_post(post.body) == []
    assert revisions.latest(session, Kind.POST, post.id) == 1


@pytest.mark.parametrize(
    ("changes", "field", "line", "words"),
    [
        ({"title": ""}, "title", 0, "is empty"),
        ({"summary": "It cures backs."}, "summary", 0, "cures"),
        ({"body": ""}, "body", 0, "says nothing yet"),
        ({"body": "No place."}, "body", 1, "this has 0"),
        ({"body": BODY + "\n{{ form }}\n"}, "body", 7, "this has 2"),
        ({"body": "Hello {{ first_name }}.\n\n{{ form }}\n"}, "body", 1, "no value here"),
        ({"body": BODY + "\nGuaranteed.\n"}, "body", 7, "guaranteed"),
        ({"body": BODY + "\n![A back](https://example.org/a.png)\n"}, "body", 7, "another site’s"),
        ({"body": BODY + "\n[x](page.html)\n"}, "body", 7, "leads nowhere"),
        ({"sources": "NHS"}, "sources", 1, "A source needs its name"),
        ({"published": "soon"}, "published", 0, "must be a day"),
        ({"published": "2026-03-04"}, "published", 0, "has not come yet"),
    ],
)
def test_what_is_wrong_is_named_with_its_field_and_line(changes, field, line, words):
    found = faults(changes)

    assert any((field, line) == fault[:2] and words in fault[2] for fault in found), found


def test_saved_words_are_said_and_their_past_is_kept(session, owner):
    post = a_post(session, body=BODY)
    assert save(session, post, owner, title="Other words", sources="NHS | Back pain | https://example.org")
    assert not save(session, post, owner)

    assert (post.title, post.updated_at) == ("Other words", LATER)
    assert post.sources == [{"name": "NHS", "detail": "Back pain", "url": "https://example.org"}]
    lines = revisions.listed(session, Kind.POST, post.id)
    assert [(line.revision.number, line.who) for line in lines] == [(2, "a@example.org"), (1, "")]
    assert lines[0].changed == ("title", "sources")


def test_nobodys_words_are_overwritten_unseen(session, owner):
    post = a_post(session, body=BODY)
    save(session, post, owner, title="Theirs")
    values, _ = post_words.read(post_words.typed(post) | {"title": "Mine"}, LATER)

    with pytest.raises(revisions.Newer) as newer:
        posts.save(session, post, values, based_on=1, owner_id=owner, why="saved", now=LATER)
    assert newer.value.theirs.content["title"] == "Theirs"
    assert newer.value.base.content["title"] == "A post"
    assert post.title == "Theirs"


def test_publishing_a_draft_dates_it_today_and_bringing_one_back_does_not(session, owner):
    post = posts.begin(session, "Backs", "", owner, NOW)
    posts.publish(session, post, owner, LATER)
    assert (post.state, post.published_at) == (PostState.PUBLISHED, LATER)

    posts.retire(session, post, LATER)
    posts.publish(session, post, owner, LATER + timedelta(days=9))
    assert post.published_at == LATER
    posts.withdraw(session, post, LATER)
    assert post.state is PostState.DRAFT


def test_an_address_is_kept_for_the_post_that_had_it(session):
    post, other = a_post(session, slug="one"), a_post(session, slug="other")
    posts.rename(session, post, "two", NOW)
    posts.rename(session, post, "three", NOW)

    assert posts.by_slug(session, "one") is posts.by_slug(session, "two") is posts.by_slug(session, "three") is post
    assert (post.slug, post.source, other.source) == ("three", "one", "other")
    for slug, words in (("two", "once had"), ("other", "has"), ("Three!", "small letters"), ("x" * 81, "80 signs")):
        with pytest.raises(SlugError, match=words):
            posts.checked(session, slug)
    assert posts.free(session, "Two") == "two-2"


def test_an_address_can_be_taken_back(session):
    post = a_post(session, slug="one")
    posts.rename(session, post, "two", NOW)
    posts.rename(session, post, "one", NOW)

    assert (post.slug, post.source) == ("one", "one")
    assert session.scalars(select(OldSlug.slug)).all() == ["two"]


def test_what_was_edited_here_outlives_its_file_and_the_file_is_kept_beside_it(session, owner, tmp_path):
    folder = shutil.copytree(content_files.FOLDER, tmp_path / "content")
    content_files.load(session, folder, NOW)
    post = session.scalars(select(Post)).one()
    save(session, post, owner, title="Mine", published="2026-03-01")
    posts.rename(session, post, "ql", LATER)
    posts.retire(session, post, LATER)
    path = folder / "posts/quadratus-lumborum.md"
    path.write_text(path.read_text().replace("title: Your", "title: The"))

    loaded = content_files.load(session, folder, LATER)

    assert (loaded.added, loaded.changed, loaded.kept) == (0, 0, 1)
    assert (post.title, post.slug, post.state) == ("Mine", "ql", PostState.RETIRED)
    assert session.get(FileCopy, (Kind.POST, post.id)).content["title"].startswith("The quadratus")


def test_a_file_that_says_something_new_is_followed_where_nobody_edited(session, tmp_path):
    folder = shutil.copytree(content_files.FOLDER, tmp_path / "content")
    content_files.load(session, folder, NOW)
    path = folder / "posts/quadratus-lumborum.md"
    path.write_text(path.read_text().replace("title: Your", "title: The"))

    assert content_files.load(session, folder, LATER).changed == 1
    post = session.scalars(select(Post)).one()
    assert post.title.startswith("The quadratus")
    assert [line.revision.why for line in revisions.listed(session, Kind.POST, post.id)] == ["from its file"] * 2
