"""What a reader chooses beside the pace: topics, the language, an end of the course alone; and that it is kept."""

import re

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import former, topics
from funnel.db import utc_now
from funnel.models.choices_made import Choice, Chose
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.people import Pace, Subscriber
from funnel.tokens import Purpose
from tests.factories import a_sequence, a_subscriber, an_enrolment


@pytest.fixture
def ada(session):
    person = a_subscriber(session, email="ada@example.org", first_name="Adelaide")
    an_enrolment(session, person, a_sequence(session))
    for name in ("Sitting", "Walking"):
        topics.make(session, name, f"All about {name.lower()}", utc_now())
    session.commit()
    return person


@pytest.fixture
def path(ada):
    return f"/preferences/{tokens.sign(Purpose.PREFERENCES, ada.id, 0)}"


def kept(session):
    session.expire_all()
    return session.scalars(select(Choice.chose).order_by(Choice.id)).all()


def test_topics_are_ticked_and_those_left_out_come_no_more(session, client, ada, path):
    page = client.get(path).text
    assert page.count('name="topic"') == page.count("checked") == 2
    assert "ada@example.org" not in page
    assert "Adelaide" not in page
    page = client.post(path, data={"wish": "topics", "topic": ["2", "x", "9" * 30]}).text
    assert page.count("checked") == 1
    assert "about what you ticked" in page
    assert topics.unwanted(session, ada.id) == {1}
    assert kept(session) == [Chose.TOPICS]


def test_a_topic_made_while_the_page_was_open_is_not_switched_off_by_it(session, client, ada, path):
    page = client.get(path).text
    shown = re.findall(r'name="shown" value="(\d+)"', page)
    later = topics.make(session, "Sleeping", "", utc_now())
    session.commit()
    client.post(path, data={"wish": "topics", "shown": shown, "topic": shown[:1]})
    assert len(shown) == 2
    assert topics.unwanted(session, ada.id) == {int(shown[1])}
    assert later.id not in topics.unwanted(session, ada.id)


def test_without_topics_nothing_is_asked(session, client):
    person = a_subscriber(session)
    session.commit()
    assert 'name="topic"' not in client.get(f"/preferences/{tokens.sign(Purpose.PREFERENCES, person.id, 0)}").text


def test_the_language_is_chosen_and_one_we_do_not_speak_is_refused(session, client, ada, path):
    client.post(path, data={"wish": "language", "language": "it"})
    client.post(path, data={"wish": "language", "language": "it"})
    assert client.post(path, data={"wish": "language", "language": "tlh"}).status_code == 400
    session.expire_all()
    assert session.get_one(Subscriber, ada.id).language == "it"
    assert session.scalars(select(Choice.detail)).all() == [{"before": "en", "after": "it"}]


def test_the_course_alone_ends_and_newsletters_go_on(session, client, ada, path):
    page = client.post(path, data={"wish": "no-course"}).text
    assert "every newsletter still comes" in page
    assert "End the course" not in page
    session.expire_all()
    enrolment = session.scalars(select(Enrolment)).one()
    assert (enrolment.state, enrolment.reason) == (EnrolmentState.STOPPED, StopReason.PREFERENCE)
    assert session.get_one(Subscriber, ada.id).pace == Pace.ALL


def test_each_choice_is_kept_once_however_often_its_button_is_pressed(session, client, path):
    for wish in ("pause", "pause", "resume", "resume", "monthly", "monthly", "all"):
        client.post(path, data={"wish": wish})
    assert kept(session) == [Chose.PAUSE, Chose.GO_ON, Chose.MONTHLY, Chose.ALL]


def test_a_link_mailed_to_an_address_they_left_behind_shows_nothing_and_still_stops(session, client, ada, path):
    former.give_up(session, ada.id, ada.address_hash, utc_now())
    session.commit()
    page = client.get(path).text
    assert "Sitting" not in page
    assert "language" not in page.partition("<main")[2]
    assert re.findall(r'name="wish" value="([a-z-]+)"', page) == ["stop", "my-data"]
    assert client.post(path, data={"wish": "pause"}).status_code == 400
    assert client.post(path, data={"wish": "stop"}).status_code == 200
    session.expire_all()
    assert session.get_one(Subscriber, ada.id).state == "unsubscribed"
