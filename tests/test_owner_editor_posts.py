"""The editor of posts and forms: what is typed is never lost, nor anybody's words overwritten unseen."""

import pytest
from sqlalchemy import select

from funnel.models.content import Post
from funnel.models.editing import Draft, Kind, Revision
from funnel.models.house import Owner
from funnel.programme import post_words, posts, revisions
from tests.conftest import NOW
from tests.factories import a_form, a_post, add
from tests.owner_data import press, signed_in

BODY = "One.\n\n{{ form }}\n\nTwo.\n\nThree.\n"
EDIT = "/owner/posts/1/edit"


@pytest.fixture
def post(session):
    made = a_post(session, body=BODY, title="Backs")
    a_form(session, title="Tips")
    session.commit()
    return made


@pytest.fixture
def other(session, post):
    """other(title=…) saves as another owner."""
    somebody = add(session, Owner(email="b@example.org", password_hash="none", session_key="b", created_at=NOW))

    def saves(**changes):
        session.refresh(post)
        values, _ = post_words.read(post_words.typed(post) | changes, NOW)
        latest = revisions.latest(session, Kind.POST, post.id)
        posts.save(session, post, values, based_on=latest, owner_id=somebody.id, why="saved", now=NOW)
        session.commit()

    return saves


def typed(post, **changes):
    return post_words.typed(post) | changes


def test_what_is_saved_is_what_readers_see(app, client, session, post):
    desk = signed_in(app)
    answer = press(desk, EDIT, on=EDIT, based_on="0", **typed(post, body=BODY.replace("One", "Uno")))

    assert answer.location == "/owner/posts/1"
    assert "It is what readers see from now on" in desk.get("/owner/posts/1").text
    assert "Uno" in client.get(f"/posts/{post.slug}").text
    press(desk, EDIT, on=EDIT, based_on="2", **typed(post, body=BODY.replace("One", "Uno")))
    assert "Nothing had changed" in desk.get("/owner/posts/1").text


def test_what_is_wrong_is_named_and_what_was_typed_is_kept_as_a_draft(app, session, post):
    desk = signed_in(app)
    answer = press(desk, EDIT, on=EDIT, based_on="0", **typed(post, title="", body=BODY + "\nGuaranteed.\n"))

    assert answer.status_code == 422
    assert '<a href="#body">Post, line 9</a>' in answer.text
    assert ">Title</a>: It is empty." in answer.text
    assert "Guaranteed." in desk.get(EDIT).text
    assert session.scalars(select(Post.title)).one() == "Backs"


def test_somebody_who_saved_before_is_seen_and_both_are_put_together(app, session, post, other):
    desk = signed_in(app)
    other(body=BODY.replace("Three", "Drei"))
    mine = typed(post, body=BODY.replace("One", "Uno"))
    answer = press(desk, EDIT, on=EDIT, based_on="1", **mine)
    assert answer.status_code == 409
    assert "b@example.org saved other words" in answer.text

    page = press(desk, "/owner/posts/1/both", on=EDIT, based_on="1", **mine)
    assert "nothing clashed" in page.text
    assert "Uno" in page.text
    assert "Drei" in page.text
    press(desk, EDIT, on=EDIT, based_on="2", **typed(post, body=BODY.replace("One", "Uno").replace("Three", "Drei")))
    session.expire_all()
    assert session.scalars(select(Post.body)).one() == "Uno.\n\n{{ form }}\n\nTwo.\n\nDrei.\n"


def test_where_both_changed_the_same_it_is_to_be_chosen(app, post, other):
    other(body=BODY.replace("Two", "Zwei"))
    page = press(
        signed_in(app), "/owner/posts/1/both", on=EDIT, based_on="1", **typed(post, body=BODY.replace("Two", "Due"))
    )

    assert "In one place both changed the same" in page.text


def test_a_form_is_edited_in_the_same_way(app, session, post):
    desk = signed_in(app)
    answer = press(desk, "/owner/forms/1/edit", on="/owner/forms/1/edit", based_on="0", title="Only this")

    assert answer.status_code == 422
    assert ">Words on the button</a>: It is empty." in answer.text
    assert session.scalars(select(Draft.kind)).one() is Kind.FORM


def test_another_owners_draft_is_told(app, session, post):
    desk = signed_in(app)
    somebody = add(session, Owner(email="b@example.org", password_hash="none", session_key="b", created_at=NOW))
    values = {"kind": Kind.POST, "of_id": post.id, "content": typed(post, title="Theirs"), "based_on": 0, "at": NOW}
    draft = add(session, Draft(owner_id=somebody.id, version=1, **values))
    session.commit()

    assert "b@example.org has a draft of this post too" in desk.get(EDIT).text
    assert "Theirs" in desk.get(f"/owner/posts/1/draft?of={draft.id}").text


@pytest.mark.parametrize("path", ["/owner/posts/9/edit", "/owner/forms/9/edit", "/owner/mails/1/nothing/edit"])
def test_what_is_not_there_is_not_found(app, post, path):
    assert signed_in(app).get(path).status_code == 404


def test_the_first_save_keeps_what_was_said_before(app, session, post):
    desk = signed_in(app)
    press(desk, EDIT, on=EDIT, based_on="0", **typed(post, title="New"))

    kept = session.scalars(select(Revision).order_by(Revision.number)).all()
    assert [(one.number, one.content["title"], one.why) for one in kept] == [
        (1, "Backs", revisions.BEFORE),
        (2, "New", "saved"),
    ]
