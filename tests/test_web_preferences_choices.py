"""What a reader chooses, by the foot of a mail and on the page behind a fresh link: topics, the language, an end of the
course alone; and that it is kept."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import own_data, topics
from funnel.db import utc_now
from funnel.models.choices_made import Choice, Chose
from funnel.models.content import Enrolment, EnrolmentState, StopReason
from funnel.models.people import Pace, Subscriber, SubscriberState
from funnel.tokens import Purpose
from tests.factories import a_form, a_sequence, a_subscriber, an_enrolment


@pytest.fixture
def ada(session):
    person = a_subscriber(session, email="ada@example.org", form_id=a_form(session, slug="back-care").id)
    an_enrolment(session, person, a_sequence(session))
    for name in ("Sitting", "Walking"):
        topics.make(session, name, f"All about {name.lower()}", utc_now())
    session.commit()
    return person


@pytest.fixture
def foot(ada):
    return f"/preferences/{tokens.sign(Purpose.PREFERENCES, ada.id, 0)}"


@pytest.fixture
def fresh(ada):
    return f"/my-data/{own_data.fresh_token(ada, utc_now())}"


def press(client, path, wanted, **given):
    return client.post(path, data={"wish": wanted, **given}, follow_redirects=True)


def kept(session):
    session.expire_all()
    return session.scalars(select(Choice.chose).order_by(Choice.id)).all()


def test_a_topic_is_left_out_by_the_foot_of_a_mail_where_none_is_ticked(session, client, ada, foot):
    page = client.get(foot).text
    assert (page.count('name="topic"'), page.count("checked")) == (2, 0)
    client.post(foot, data={"wish": "leave-out", "topic": "1"})
    page = press(client, foot, "leave-out", topic=["2", "x", "9" * 30]).text
    assert "No newsletter comes about what you ticked" in page
    assert topics.unwanted(session, ada.id) == {1, 2}


def test_nothing_ticked_is_said_where_it_can_be_mended(session, client, ada, foot):
    answer = client.post(foot, data={"wish": "leave-out"})
    assert answer.status_code == 422
    assert "Tick at least one topic" in answer.text
    assert kept(session) == []


def test_behind_the_fresh_link_topics_are_ticked_and_come_back(session, client, ada, fresh):
    page = client.get(fresh).text
    assert page.count('name="topic"') == page.count("checked") == 2
    page = press(client, fresh, "topics", topic="2").text
    assert page.count("checked") == 1
    assert "about what you ticked" in page
    assert topics.unwanted(session, ada.id) == {1}
    client.post(fresh, data={"wish": "topics", "topic": ["1", "2"]})
    assert topics.unwanted(session, ada.id) == set()
    assert set(kept(session)) == {Chose.TOPICS}


def test_a_topic_made_while_the_page_was_open_is_not_switched_off_by_it(session, client, ada, fresh):
    page = client.get(fresh).text
    shown = re.findall(r'name="shown" value="(\d+)"', page)
    later = topics.make(session, "Sleeping", "", utc_now())
    session.commit()
    client.post(fresh, data={"wish": "topics", "shown": shown, "topic": shown[:1]})
    assert len(shown) == 2
    assert topics.unwanted(session, ada.id) == {int(shown[1])}
    assert later.id not in topics.unwanted(session, ada.id)


def test_without_topics_nothing_is_asked(session, client):
    person = a_subscriber(session)
    session.commit()
    for path in (
        f"/preferences/{tokens.sign(Purpose.PREFERENCES, person.id, 0)}",
        f"/my-data/{own_data.fresh_token(person, utc_now())}",
    ):
        assert 'name="topic"' not in client.get(path).text


def test_the_language_is_chosen_on_either_page_and_one_we_do_not_speak_is_refused(session, client, ada, foot, fresh):
    for path, code in ((foot, "it"), (foot, "it"), (fresh, "fr")):
        assert f'<html lang="{code}"' in press(client, path, "language", language=code).text
        session.expire_all()
        assert session.get_one(Subscriber, ada.id).language == code
    for path in (foot, fresh):
        assert client.post(path, data={"wish": "language", "language": "tlh"}).status_code == 400


def test_the_course_alone_ends_and_newsletters_go_on(session, client, ada, foot, fresh):
    assert "End the course" in client.get(fresh).text
    assert "No course comes" in press(client, foot, "no-course").text
    assert "End the course" not in client.get(fresh).text
    session.expire_all()
    enrolment = session.scalars(select(Enrolment)).one()
    assert (enrolment.state, enrolment.reason) == (EnrolmentState.STOPPED, StopReason.PREFERENCE)
    assert session.get_one(Subscriber, ada.id).pace == Pace.ALL
    assert kept(session) == [Chose.NO_COURSE]


def test_the_page_behind_the_fresh_link_says_what_is_set_and_offers_the_opposite(session, client, ada, fresh):
    page = client.get(fresh).text
    assert "You get the tips and every newsletter" in page
    assert re.findall(r'name="wish" value="([a-z-]+)"', page) == [
        "pause", "monthly", "no-course", "stop", "topics", "language",
    ]  # fmt: skip
    assert "then the tips go on where they stopped" in press(client, fresh, "pause").text
    page = client.get(fresh).text
    assert "It is quiet until" in page
    assert 'value="resume"' in page
    assert "The tips go on" in press(client, fresh, "resume").text
    assert "The course has ended" in press(client, fresh, "monthly").text
    page = client.get(fresh).text
    assert "You get one newsletter a month at most" in page
    assert 'value="all"' in page
    assert "You get every newsletter. The course of tips is over" in press(client, fresh, "all").text


def test_leaving_behind_the_fresh_link_leads_back_to_their_form_and_its_buttons_then_change_nothing(
    session, client, ada, fresh
):
    page = press(client, fresh, "stop").text
    assert "Done. No more mails will come." in page
    assert 'href="/f/back-care"' in page
    page = press(client, fresh, "pause").text
    assert "there was nothing to change" in page
    session.expire_all()
    person = session.get_one(Subscriber, ada.id)
    assert (person.state, person.paused_until) == (SubscriberState.UNSUBSCRIBED, None)


@pytest.mark.parametrize("given", [{}, {"wish": "everything"}, {"wish": "leave-out"}])
def test_a_wish_that_means_nothing_is_refused_behind_the_fresh_link(client, fresh, given):
    assert client.post(fresh, data=given).status_code == 400


def test_a_fresh_link_that_has_had_its_hour_changes_nothing(session, client, ada):
    late = f"/my-data/{own_data.fresh_token(ada, utc_now() - timedelta(hours=2))}"
    assert client.post(late, data={"wish": "monthly"}).status_code == 404
    session.expire_all()
    assert session.get_one(Subscriber, ada.id).pace == Pace.ALL
