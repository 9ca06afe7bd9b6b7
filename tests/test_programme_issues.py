"""An issue of the newsletter, written: drafts, revisions and checks as every other text has them."""

from email import message_from_bytes, policy

import pytest

from funnel.audience import topics
from funnel.mail import press, readiness, render, sketch
from funnel.models.editing import Kind
from funnel.models.house import Owner
from funnel.models.mail import MessageKind
from funnel.models.topics import Topic
from funnel.programme import drafts, issue_words, issues, revisions
from funnel.programme.check import State, stops
from tests.conftest import NOW
from tests.factories import a_message, add

BODY = "Hello,\n\n" + "We walk a bit and then we rest. " * 30 + "\n\n## Your turn\n\nWalk for ten minutes.\n"
GOOD = {
    "subject": "Chairs",
    "preheader": "Which chair is the best one, and why there is none",
    "body": BODY,
    "sources": "NICE | Guideline NG59 | https://www.nice.org.uk/guidance/ng59",
}


@pytest.fixture
def owner(session):
    return add(session, Owner(email="a@example.org", password_hash="none", session_key="k", created_at=NOW)).id


@pytest.fixture
def issue(session, owner):
    return issues.begin(session, owner, NOW)


def save(session, issue, owner, based_on=1, **changes):
    values, wrong = issue_words.read(GOOD | changes)
    assert not wrong
    return issues.save(session, issue, values, based_on=based_on, owner_id=owner, why="saved", now=NOW)


def test_what_is_saved_is_said_and_each_wording_kept(session, issue, owner):
    drafts.keep(session, Kind.NEWSLETTER, issue.id, owner, GOOD, based_on=1, version=0, now=NOW)
    assert save(session, issues.held(session, issue.id), owner)
    assert not save(session, issue, owner, based_on=2)

    assert issue_words.typed(issue) == GOOD
    assert drafts.of(session, Kind.NEWSLETTER, issue.id, owner) is None
    lines = revisions.listed(session, Kind.NEWSLETTER, issue.id)
    assert [(line.revision.why, set(line.changed)) for line in lines] == [
        ("saved", set(GOOD)),
        ("made here", {"subject"}),
    ]


def test_an_edit_that_was_begun_before_anothers_is_refused(session, issue, owner):
    save(session, issue, owner)

    with pytest.raises(revisions.Newer):
        save(session, issue, owner, subject="Mine")
    assert issue.subject == "Chairs"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"subject": ""}, "subject", "is empty"),
        ({"preheader": "Short"}, "preheader", "it needs 40 to 90"),
        ({"body": "{{ naem }}"}, "body", "“naem” is not a tag"),
        ({"body": " "}, "body", "says nothing yet"),
        ({"sources": "NICE"}, "sources", "A source needs its name"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(changes, field, words):
    (fault,) = issue_words.read(GOOD | changes)[1]

    assert fault.field == field
    assert words in fault.text


def test_a_new_issue_begins_with_the_words_of_a_past_one(session, issue, owner):
    save(session, issue, owner)
    again = issues.begin(session, owner, NOW, like=issue)

    assert again.id != issue.id
    assert issue_words.typed(again) == GOOD
    assert revisions.latest(session, Kind.NEWSLETTER, again.id) == 1


def test_it_is_about_what_the_past_one_was_unless_that_is_offered_no_more(session, issue, owner):
    issue.topic_id = topics.make(session, "Sitting", "", NOW).id
    assert issues.begin(session, owner, NOW, like=issue).topic_id == issue.topic_id
    topics.retire(session, session.get_one(Topic, issue.topic_id), NOW)
    assert issues.begin(session, owner, NOW, like=issue).topic_id is None


def test_it_is_looked_at_as_every_mail_is_and_is_ready(session, issue, owner):
    assert {check.name for check in stops(readiness.checks(session, sketch.of_newsletter(issue), NOW))} >= {"Length"}
    save(session, issue, owner)
    checks = readiness.checks(session, sketch.of_newsletter(issue), NOW)

    assert stops(checks) == []
    assert [check.words for check in checks if check.name == "Sources"] == ["1 kept."]
    assert [check.state for check in checks if check.name == "Way out"] == [State.GOOD]


def test_what_is_typed_is_seen_as_what_was_saved_will_be(session, issue, owner):
    typed = sketch.typed(sketch.NEWSLETTER, issue_words.cleaned(GOOD), page=press.web_page(issue))
    save(session, issue, owner)
    saved = render.preview_newsletter(issue, None, NOW)
    seen = render.preview_sketch(typed, None, NOW)

    assert (seen.subject, seen.html, seen.text) == (saved.subject, saved.html, saved.text)
    assert typed.words == sketch.of_newsletter(issue).words


def test_a_test_of_it_is_marked(session, issue, owner):
    save(session, issue, owner)
    mail = a_message(
        session,
        kind=MessageKind.TEST,
        template=render.NEWSLETTER,
        newsletter_id=issue.id,
        subscriber_id=None,
        to_address="a@example.org",
    )

    sent = render.rendered(session, mail, NOW)
    assert message_from_bytes(sent.data, policy=policy.default)["Subject"] == "[TEST] Chairs"
