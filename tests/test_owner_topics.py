"""Topics on the owner's pages: kept, and picked as a newsletter is sent."""

import re

import pytest
from sqlalchemy import select

from funnel.audience import ending, segments, topics
from funnel.audience.visit import Visit
from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.topics import Topic
from funnel.web.owner import order_sum
from tests.factories import a_subscriber, an_issue
from tests.owner_data import press, signed_in
from tests.readers import as_sent

PAGE = "/owner/newsletters/topics"


@pytest.fixture
def desk(app, session):
    session.commit()
    return signed_in(app)


def test_topics_are_made_renamed_retired_and_brought_back(session, desk):
    assert "No topic yet" in desk.get(PAGE).text
    press(desk, PAGE, on=PAGE, name="Sitting", about="Chairs")
    press(desk, f"{PAGE}/1", on=f"{PAGE}/1", name="Sitting well", about="")
    assert "Sitting well" in desk.get(PAGE).text
    press(desk, f"{PAGE}/1/retire", on=f"{PAGE}/1")
    assert session.scalars(select(Topic.retired_at)).one()
    press(desk, f"{PAGE}/1/bring-back", on=f"{PAGE}/1")
    session.expire_all()
    assert session.scalars(select(Topic.retired_at)).one() is None


def test_what_is_wrong_is_told_with_what_was_typed(session, desk):
    press(desk, PAGE, on=PAGE, name="Sitting", about="")
    for path in (PAGE, f"{PAGE}/1"):
        answer = press(desk, path, on=path, name="", about="Chairs and desks")
        assert answer.status_code == 422
        assert "Please name the topic" in answer.text
        assert 'value="Chairs and desks"' in answer.text


def test_too_many_cannot_be_brought_back(session, desk, monkeypatch):
    press(desk, PAGE, on=PAGE, name="Sitting", about="")
    press(desk, f"{PAGE}/1/retire", on=f"{PAGE}/1")
    monkeypatch.setattr(topics, "MOST", 0)
    press(desk, f"{PAGE}/1/bring-back", on=f"{PAGE}/1")
    assert "Retire another one first" in desk.get(PAGE).text


def test_a_newsletter_is_sent_about_a_topic_and_the_sum_says_whom_it_leaves_out(session, desk):
    sitting = topics.make(session, "Sitting", "", utc_now())
    ada = a_subscriber(session)
    a_subscriber(session)
    topics.choose(session, ada, set(), utc_now())
    issue = an_issue(
        session, state=NewsletterState.DRAFT, subject="Chairs", body="Sit less, stand more, walk at noon.\n"
    )
    session.commit()
    place = f"/owner/newsletters/{issue.id}"
    assert "no topic: for all of them" in desk.get(f"{place}/send").text
    typed = {"whom": "everybody", "when": "now", "topic": str(sitting.id)}
    found = press(desk, f"{place}/sum", on=f"{place}/send", **typed)
    assert "<strong>1 person</strong> gets it" in found.text
    assert "they do not want newsletters about its topic" in found.text
    desk.post(f"{place}/send", data=as_sent(found))
    session.expire_all()
    assert session.get_one(Newsletter, issue.id).topic_id == sitting.id


def test_what_it_is_about_is_asked_and_not_taken_to_be_nothing(session, desk):
    a_subscriber(session)
    topics.make(session, "Sitting", "", utc_now())
    issue = an_issue(
        session, state=NewsletterState.DRAFT, subject="Chairs", body="Sit less, stand more, walk at noon.\n"
    )
    session.commit()
    place = f"/owner/newsletters/{issue.id}"
    fields = as_sent(desk.get(f"{place}/send"))
    assert fields["topic"] == ""
    answer = press(desk, f"{place}/sum", on=f"{place}/send", **fields)
    assert (answer.status_code, order_sum.NO_CHOICE in answer.text) == (422, True)
    found = press(desk, f"{place}/sum", on=f"{place}/send", **(fields | {"topic": "none"}))
    desk.post(f"{place}/send", data=as_sent(found))
    session.expire_all()
    assert (issue.state, issue.topic_id) == (NewsletterState.SCHEDULED, None)
    assert as_sent(desk.get(f"{place}/send"))["topic"] == "none"


def test_a_topic_that_is_not_offered_is_refused(session, desk):
    a_subscriber(session)
    topics.make(session, "Sitting", "", utc_now())
    issue = an_issue(session, state=NewsletterState.DRAFT)
    session.commit()
    place = f"/owner/newsletters/{issue.id}"
    typed = {"whom": "everybody", "when": "now", "topic": "4711"}
    answer = press(desk, f"{place}/sum", on=f"{place}/send", **typed)
    assert answer.status_code == 422
    assert "not offered any more" in answer.text


def test_the_page_of_topics_a_segment_and_the_sum_agree_on_who_does_not_want_one(session, desk):
    sitting = topics.make(session, "Sitting", "", utc_now())
    stays, leaves, _ = (a_subscriber(session) for _ in range(3))
    for reader in (stays, leaves):
        topics.choose(session, reader, set(), utc_now())
    ending.leave(session, leaves.id, "the page", Visit("", ""), utc_now())
    issue = an_issue(session, state=NewsletterState.DRAFT, subject="Chairs", body="Sit less, stand more.\n")
    everybody = segments.keep(session, "All", {"is": "everybody"}, utc_now())
    session.commit()
    assert "1 person does not want it" in desk.get(PAGE).text
    for page in ("/owner/segments", f"/owner/segments/{everybody.id}"):
        told = desk.get(page).text
        assert re.search(r"2( people|</strong>)|2 people", told)
        assert re.search("(?i)switched off", told)
    send = f"/owner/newsletters/{issue.id}/send"
    chosen = {"whom": "everybody", "topic": str(sitting.id), "when": "now", "rule-do": "show"}
    told = press(desk, send, on=send, **chosen).text
    assert re.search(r"<strong>1 person</strong> gets it", told)
    assert re.search(r"<strong>1 person</strong>\s+gets none: they do not want newsletters about its topic", told)


def test_without_topics_a_segment_says_nothing_of_them(session, desk):
    segments.keep(session, "All", {"is": "everybody"}, utc_now())
    session.commit()
    assert "switched off" not in desk.get("/owner/segments").text + desk.get("/owner/segments/1").text
