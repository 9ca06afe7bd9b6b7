"""The button under a newsletter's sum does what the sum told; where another owner was there, it is told again."""

import pytest

from funnel.audience import segments, topics
from funnel.db import utc_now
from funnel.models.content import Newsletter, NewsletterState
from funnel.models.people import Subscriber
from funnel.models.translations import Translation
from tests.factories import a_booking
from tests.newsletter_desk import ONE, order, ready
from tests.owner_data import signed_in
from tests.readers import as_sent


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def issue(session):
    return ready(session)


def pressed(desk, told):
    """The button of the sum that was told, and the page that comes of it without the whitespace."""
    answer = desk.post(f"{ONE}/send", data=as_sent(told))
    return answer, " ".join(answer.text.split())


def kept(session):
    session.expire_all()
    return session.get_one(Newsletter, 1)


def test_words_that_another_owner_changed_meanwhile_are_told_before_they_are_sent(desk, session, issue):
    told = order(desk)
    issue.body = "Quite other words.\n"
    session.commit()
    answer, page = pressed(desk, told)
    assert answer.status_code == 409
    assert "somebody else changed its words. Below" in page
    assert kept(session).state is NewsletterState.DRAFT
    assert pressed(desk, answer)[0].location == ONE
    assert kept(session).state is NewsletterState.SCHEDULED


def test_a_segment_that_became_another_is_told_with_its_new_number(desk, session, issue):
    a_booking(session, session.get_one(Subscriber, 1), state="booked")
    clients = segments.keep(session, "Clients", {"is": "booked"}, utc_now())
    session.commit()
    told = order(desk, whom=f"segment-{clients.id}")
    assert "Send to 1 person" in told.text
    segments.keep(session, "Clients", {"is": "everybody"}, utc_now(), clients.id)
    session.commit()
    answer, page = pressed(desk, told)
    assert (answer.status_code, "somebody else changed the people it is for. Below" in page) == (409, True)
    assert "Send to 3 people" in page
    assert pressed(desk, answer)[0].location == ONE
    assert kept(session).segment_id == clients.id


def test_a_translation_and_a_topic_that_changed_are_told_together(desk, session, issue):
    sitting = topics.make(session, "Sitting", "", utc_now())
    session.commit()
    told = order(desk, topic=str(sitting.id))
    topics.rename(session, sitting, "Standing", "")
    session.add(
        Translation(newsletter_id=1, language="it", subject="Sedie", body="Ciao.\n", in_use=True,
                    created_at=utc_now(), updated_at=utc_now())
    )  # fmt: skip
    session.commit()
    page = pressed(desk, told)[1]
    assert "changed what it says in other languages, the topic it is about. Below" in page


def test_a_button_that_told_nothing_sends_nothing(desk, session, issue):
    typed = as_sent(order(desk))
    del typed["told"]
    assert desk.post(f"{ONE}/send", data=typed).status_code == 409
    assert kept(session).state is NewsletterState.DRAFT
