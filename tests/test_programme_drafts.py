"""Drafts and revisions: what is typed is kept, what was said is never lost."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from funnel.models.editing import Draft, Kind, Revision
from funnel.models.house import Owner
from funnel.programme import drafts, revisions
from tests.conftest import NOW
from tests.factories import add

LATER = NOW + timedelta(minutes=5)
POST = Kind.POST  # what drafts are of is nothing to them


@pytest.fixture
def owners(session):
    return [
        add(session, Owner(email=f"{name}@example.org", password_hash="", session_key="", created_at=NOW))
        for name in ("ada", "ben")
    ]


def keep(session, owner, text, version=0, now=NOW):
    return drafts.keep(session, POST, 1, owner.id, {"body": text}, based_on=3, version=version, now=now)


def test_a_draft_is_kept_over_the_one_before(session, owners):
    first = keep(session, owners[0], "One")
    assert (first.version, first.based_on) == (1, 3)

    again = keep(session, owners[0], "Two", version=1, now=LATER)

    assert (again.id, again.version, again.content, again.at) == (first.id, 2, {"body": "Two"}, LATER)


def test_the_same_words_again_change_nothing(session, owners):
    keep(session, owners[0], "One")

    assert keep(session, owners[0], "One", version=0, now=LATER).at == NOW


def test_another_window_s_draft_is_not_written_over(session, owners):
    keep(session, owners[0], "One")
    keep(session, owners[0], "Two", version=1)

    with pytest.raises(drafts.Moved) as refused:
        keep(session, owners[0], "Other", version=1)

    assert refused.value.draft.content == {"body": "Two"}
    assert drafts.of(session, POST, 1, owners[0].id).content == {"body": "Two"}


def test_each_owner_has_a_draft_and_sees_the_others(session, owners):
    ada, ben = owners
    keep(session, ada, "Ada's")
    keep(session, ben, "Ben's")

    assert drafts.of(session, POST, 1, ada.id).content == {"body": "Ada's"}
    assert [(draft.content["body"], who) for draft, who in drafts.others(session, POST, 1, ada.id)] == [
        ("Ben's", "ben@example.org")
    ]
    assert drafts.of(session, Kind.STEP, 1, ada.id) is None


def test_a_draft_thrown_away_comes_back_until_another_is_thrown_away(session, owners):
    ada, ben = owners
    keep(session, ada, "One")
    number = drafts.discard(session, POST, 1, ada.id, LATER)
    assert drafts.of(session, POST, 1, ada.id) is None
    assert not drafts.bring_back(session, number, ben.id)

    assert drafts.bring_back(session, number, ada.id)
    assert drafts.of(session, POST, 1, ada.id).content == {"body": "One"}

    drafts.discard(session, POST, 1, ada.id, LATER)
    keep(session, ada, "Two")
    assert not drafts.bring_back(session, number, ada.id)
    drafts.discard(session, POST, 1, ada.id, LATER)
    assert session.scalar(select(func.count(Draft.id))) == 1
    assert not drafts.bring_back(session, number, ada.id)


def test_without_a_draft_nothing_is_thrown_away(session, owners):
    assert drafts.discard(session, POST, 1, owners[0].id, NOW) is None
    drafts.drop(session, POST, 1, owners[0].id)


def test_revisions_are_numbered_and_listed_newest_first_with_what_each_changed(session, owners):
    revisions.begin(session, POST, 1, {"title": "A", "body": "one"}, NOW)
    revisions.begin(session, POST, 1, {"title": "B"}, NOW)
    made = {"owner_id": owners[0].id, "why": "saved", "now": LATER}
    revisions.add(session, POST, 1, {"title": "A", "body": "two"}, **made)
    revisions.add(session, POST, 1, {"title": "C", "body": "two"}, **made)

    lines = revisions.listed(session, POST, 1)

    assert [(line.revision.number, line.who, set(line.changed)) for line in lines] == [
        (3, "ada@example.org", {"title"}),
        (2, "ada@example.org", {"body"}),
        (1, "", {"title", "body"}),
    ]
    assert [line.revision.number for line in revisions.listed(session, POST, 1, before=3)] == [2, 1]
    assert revisions.latest(session, POST, 1) == 3
    assert revisions.latest(session, POST, 2) == 0


def test_an_edit_of_old_words_is_refused_with_both(session, owners):
    for text in ("one", "two"):
        revisions.add(session, POST, 1, {"body": text}, owner_id=owners[1].id, why="saved", now=NOW)

    revisions.refuse_newer(session, POST, 1, based_on=2)
    with pytest.raises(revisions.Newer) as newer:
        revisions.refuse_newer(session, POST, 1, based_on=1)

    assert (newer.value.theirs.content, newer.value.base.content) == ({"body": "two"}, {"body": "one"})
    assert revisions.who(session, newer.value.theirs) == "ben@example.org"


def test_what_an_owner_wrote_outlives_their_account(session, owners):
    revisions.add(session, POST, 1, {"body": "x"}, owner_id=owners[0].id, why="saved", now=NOW)
    keep(session, owners[0], "One")
    session.delete(owners[0])
    session.flush()
    session.expire_all()

    assert session.scalars(select(Revision)).one().owner_id is None
    assert [who for _, who in drafts.others(session, POST, 1, owners[1].id)] == [""]
