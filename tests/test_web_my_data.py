"""My data, behind a link of one hour: correct, download, delete."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import own_data
from funnel.db import utc_now
from funnel.models.people import Subscriber, SubscriberState
from funnel.tokens import Purpose
from tests.factories import a_sequence, a_subscriber, an_enrolment
from tests.readers import fields_of

PATHS = ("", "/download", "/delete")


@pytest.fixture
def person(session):
    person = a_subscriber(session, email="ada@example.org", first_name="Ada")
    session.commit()
    return person


def door(person, now=None):
    return f"/my-data/{own_data.fresh_token(person, now or utc_now())}"


def test_the_page_shows_the_name_as_it_is_kept(client, person):
    assert fields_of(client.get(door(person)))["first_name"] == "Ada"


@pytest.mark.parametrize("name", ["Zoë", "שירה", ""])
def test_the_name_is_corrected(session, client, person, name):
    answer = client.post(f"{door(person)}/name", data={"first_name": name}, follow_redirects=True)
    assert "Your name is corrected" in answer.text
    session.refresh(person)
    assert person.first_name == name


def test_each_button_leads_to_an_address_that_says_what_was_done(client, person):
    path = door(person)
    for place, typed, done in (
        ("/name", {"first_name": "Zoë"}, "name"),
        ("/address", {"email": "zoe@example.org"}, "address"),
        ("", {"wish": "monthly"}, "monthly"),
        ("", {"wish": "my-data"}, "my-data"),
    ):
        answer = client.post(path + place, data=typed)
        assert (answer.status_code, answer.location) == (303, f"{path}?done={done}")
        assert 'role="status"' in client.get(answer.location).text
    assert client.get(f"{path}?done=<b>you").text == client.get(path).text


def test_where_a_wrong_name_or_address_was_told_the_page_can_be_asked_for_anew(client, person):
    path = door(person)
    for place in ("/name", "/address"):
        assert client.post(path + place, data={"email": "x", "first_name": "=?"}).status_code == 422
        answer = client.get(path + place)
        assert (answer.status_code, answer.location) == (303, path)


def test_back_on_an_older_page_says_nothing_that_no_longer_holds(client, person):
    path = door(person)
    for wish, over in (("pause", "resume"), ("monthly", "all"), ("pause", "again")):
        for one in (wish, over):
            client.post(path, data={"wish": one})
            assert 'role="status"' in client.get(f"{path}?done={one}").text, one
        assert 'role="status"' not in client.get(f"{path}?done={wish}").text, wish
    assert 'role="status"' not in client.get(f"{path}?done=stop").text
    client.post(path, data={"wish": "stop"})
    assert "No more mails will come" in client.get(f"{path}?done=stop").text
    assert "there was nothing to change" in client.get(f"{path}?done=all").text


def test_who_is_monthly_reads_of_the_course_they_asked_for_and_can_end_it_alone(session, client, person):
    path, tips = door(person), "One newsletter a month at most, and the tips you asked for"
    client.post(path, data={"wish": "monthly"})
    owners = an_enrolment(session, person, a_sequence(session))
    session.commit()
    assert "End the course" not in client.get(path).text  # it sends no tips
    owners.is_wish = True
    session.commit()
    assert tips.lower() in client.get(path).text.lower()
    for done in ("monthly", "no-course"):
        assert 'role="status"' not in client.get(f"{path}?done={done}").text, done
    page = client.post(path, data={"wish": "no-course"}, follow_redirects=True).text
    assert "The course has ended. Newsletters still come" in page
    assert "You get one newsletter a month at most." in page
    assert "End the course" not in page


@pytest.mark.parametrize("name", ["=?utf-8?q?x?=", "Ada\r\nBcc: eve@example.org", "Ada\0", "A" * 81])
def test_a_name_that_cannot_stand_in_a_mail_is_refused_with_the_words(session, client, person, name):
    answer = client.post(f"{door(person)}/name", data={"first_name": name})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    session.refresh(person)
    assert person.first_name == "Ada"


def test_the_download_is_a_json_file_of_what_is_kept(client, person):
    answer = client.get(f"{door(person)}/download")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ada@example.org" in json.dumps(json.loads(answer.text))


def test_deleting_takes_two_steps(session, client, person):
    asked = client.get(f"{door(person)}/delete")
    assert "cannot be undone" in asked.text
    session.refresh(person)
    assert person.state == SubscriberState.ACTIVE
    done = client.post(f"{door(person)}/delete", follow_redirects=True)
    assert "Your data is deleted" in done.text
    session.refresh(person)
    assert (person.state, person.email, person.first_name) == (SubscriberState.ERASED, None, "")


def test_after_deleting_the_same_link_leads_to_a_page_that_needs_none(session, client, person):
    person.language = "it"
    session.commit()
    path = door(person)
    asked = (client.post(f"{path}/delete"), client.get(path), client.get(f"{path}/download"), client.post(path))
    named = client.post(f"{path}/name", data={"first_name": "Eve"})
    for answer in (*asked, named, client.post(f"{path}/delete")):
        assert (answer.status_code, answer.location) == (303, "/my-data/deleted?language=it")
    page = client.get("/my-data/deleted?language=it")
    assert (page.status_code, '<html lang="it"' in page.text) == (200, True)
    assert "Your data is deleted" in client.get("/my-data/deleted?language=tlh").text


@pytest.mark.parametrize("path", PATHS)
def test_after_an_hour_the_link_says_how_to_get_a_new_one(session, client, person, path):
    ended = door(person, utc_now() - own_data.FRESH - timedelta(seconds=1))
    answer = client.get(ended + path)
    assert answer.status_code == 404
    assert "had its hour" in answer.text
    assert client.post(f"{ended}/delete").status_code == 404
    assert client.post(f"{ended}/name", data={"first_name": "Eve"}).status_code == 404
    assert session.scalars(select(Subscriber.first_name)).one() == "Ada"


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.PREFERENCES])
def test_a_footer_link_opens_none_of_it(client, person, purpose):
    token = tokens.sign(purpose, person.id, int(utc_now().timestamp()) + 3600)
    assert client.get(f"/my-data/{token}").status_code == 404
