"""Topics: who switched one off gets no newsletter about it, whenever that was; all else comes as before."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.audience import addressees, merging, topics
from funnel.audience.topics import UNWANTED, TopicError
from funnel.insight import reckoning
from funnel.mail import claim
from funnel.models.choices_made import Choice
from funnel.models.content import NewsletterState
from funnel.models.mail import Message, MessageKind, MessageState, Queue
from funnel.models.people import SubscriberState
from funnel.models.responses import EventKind
from funnel.models.sending import QueueEntry
from funnel.models.topics import Unwanted
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_subscriber, an_event, an_issue


@pytest.fixture
def sitting(session):
    return topics.make(session, " Sitting  well ", "Chairs and desks", NOW)


@pytest.fixture
def walking(session):
    return topics.make(session, "Walking", "", NOW)


def waits(session, person, issue):
    return a_message(session, person, kind=MessageKind.NEWSLETTER, template="newsletter", newsletter_id=issue.id)


def test_a_reader_chooses_and_it_is_written_down_with_what_changed(session, sitting, walking):
    ada = a_subscriber(session)
    assert topics.choose(session, ada, {walking.id}, NOW)
    assert not topics.choose(session, ada, {walking.id}, NOW)
    assert [(one.name, one.wanted) for one in topics.offered(session, ada.id)] == [
        ("Sitting well", False),
        ("Walking", True),
    ]
    assert topics.choose(session, ada, {sitting.id, walking.id}, NOW + timedelta(days=1))
    assert session.scalars(select(Choice.detail).order_by(Choice.id)).all() == [
        {"off": ["Sitting well"], "on": [], "without": ["Sitting well"]},
        {"off": [], "on": ["Sitting well"], "without": []},
    ]


def test_nobody_who_left_chooses(session, sitting):
    gone = a_subscriber(session, state=SubscriberState.UNSUBSCRIBED)
    assert not topics.choose(session, gone, set(), NOW)


def test_who_switched_a_topic_off_is_no_addressee_of_it_and_of_all_else(session, sitting, walking):
    ada = a_subscriber(session)
    topics.choose(session, ada, {walking.id}, NOW)
    about = {topic: an_issue(session, topic_id=topic) for topic in (sitting.id, walking.id, None)}
    found = {topic: addressees.count(session, addressees.chosen(issue, NOW)) for topic, issue in about.items()}
    assert found == {sitting.id: 0, walking.id: 1, None: 1}


def test_what_waits_about_it_is_skipped_at_once(session, sitting):
    ada = a_subscriber(session)
    issue = an_issue(session, topic_id=sitting.id, state=NewsletterState.SENDING)
    message = waits(session, ada, issue)
    topics.choose(session, ada, set(), NOW)
    session.refresh(message)
    assert (message.state, message.reason) == (MessageState.SKIPPED, UNWANTED)


def test_what_was_planned_at_that_very_moment_is_caught_by_the_gate(session, sitting):
    ada, ben = a_subscriber(session), a_subscriber(session)
    about, other = (an_issue(session, topic_id=topic, state=NewsletterState.SENDING) for topic in (sitting.id, None))
    topics.choose(session, ada, set(), NOW)
    caught, goes, plain = waits(session, ada, about), waits(session, ben, about), waits(session, ada, other)
    taken = claim.claim(session, Queue.BULK, NOW + timedelta(minutes=1), 10, claim.new_id(session))
    assert sorted(one.id for one in taken) == sorted([goes.id, plain.id])
    session.refresh(caught)
    assert (caught.state, caught.reason) == (MessageState.SKIPPED, UNWANTED)


def test_the_sum_says_how_many_are_left_out_by_it(session, sitting):
    people = [a_subscriber(session) for _ in range(3)]
    topics.choose(session, people[0], set(), NOW)
    found = reckoning.reckon(session, None, False, NOW, topic_id=sitting.id)
    assert (found.segment, found.gets, found.left_out) == (3, 2, {UNWANTED: 1})
    assert reckoning.reckon(session, None, False, NOW).gets == 3


def test_a_retired_topic_is_offered_only_to_who_has_it_off_and_its_wishes_are_kept(session, sitting):
    ada, ben = a_subscriber(session), a_subscriber(session)
    topics.choose(session, ada, set(), NOW)
    topics.retire(session, sitting, NOW)
    assert topics.offered(session, ben.id) == topics.offered(session) == []
    assert [one.wanted for one in topics.offered(session, ada.id)] == [False]
    topics.bring_back(session, sitting)
    assert [one.wanted for one in topics.offered(session, ada.id)] == [False]
    assert [(topic.name, people) for topic, people in topics.every(session)] == [("Sitting well", 1)]


def test_what_cannot_be_a_topic_is_refused_in_words(session, sitting, monkeypatch):
    for name, about in ((" ", ""), ("sitting WELL", ""), ("x" * 61, ""), ("New", "x" * 161)):
        with pytest.raises(TopicError):
            topics.make(session, name, about, NOW)
    topics.rename(session, sitting, "sitting Well", "")
    monkeypatch.setattr(topics, "MOST", 1)
    with pytest.raises(TopicError, match="Retire one first"):
        topics.make(session, "Another", "", NOW)
    topics.retire(session, sitting, NOW)
    topics.make(session, "Another", "", NOW)
    with pytest.raises(TopicError, match="Retire another"):
        topics.bring_back(session, sitting)


def test_what_either_of_two_did_not_want_the_merged_one_does_not(session, sitting):
    ada, twin = a_subscriber(session), a_subscriber(session)
    topics.choose(session, twin, set(), NOW)
    merging.merge(session, ada.id, twin.id, NOW)
    assert session.scalars(select(Unwanted.subscriber_id)).all() == [ada.id]
    assert session.scalars(select(Message)).all() == []


def test_a_retired_topic_that_a_newsletter_to_come_is_about_can_be_switched_off(session, sitting):
    ada = a_subscriber(session)
    issue = an_issue(session, topic_id=sitting.id, state=NewsletterState.SCHEDULED)
    topics.retire(session, sitting, NOW)
    assert topics.choose(session, ada, set(), NOW)
    assert addressees.count(session, addressees.chosen(issue, NOW)) == 0


def test_what_has_no_topic_waits_on_whatever_its_rule_would_say_days_later(session, sitting):
    ada = a_subscriber(session)
    rule = {"is": "clicked", "days": 7}
    issue = an_issue(session, state=NewsletterState.SENDING, rule=rule, started_at=NOW - timedelta(days=8))
    link = a_link(session, newsletter_id=an_issue(session).id)
    an_event(session, EventKind.CLICK, a_message(session, ada), link_id=link.id, at=NOW - timedelta(days=10))
    message = waits(session, ada, issue)
    topics.choose(session, ada, set(), NOW)
    assert addressees.look_again(session, ada.id, NOW) == 0
    session.refresh(message)
    assert message.state == MessageState.QUEUED


@pytest.mark.parametrize(
    ("state", "later", "comes"),
    [("sending", 3, True), ("sent", 0.5, True), ("sent", 1.5, False), ("cancelled", 0, False)],
)
def test_switched_on_again_in_time_what_was_skipped_comes_after_all(session, sitting, state, later, comes):
    ada = a_subscriber(session)
    issue = an_issue(session, topic_id=sitting.id, state=NewsletterState.SENDING)
    message = a_message(
        session, ada, kind="newsletter", template="newsletter", newsletter_id=issue.id,
        expires_at=NOW + timedelta(days=30),
    )  # fmt: skip
    topics.choose(session, ada, set(), NOW)
    issue.state = NewsletterState(state)
    session.flush()
    topics.choose(session, ada, {sitting.id}, NOW + timedelta(days=later))
    session.refresh(message)
    assert (message.state == MessageState.QUEUED) == comes
    assert (session.get(QueueEntry, message.id) is not None) == comes
