"""In which language a page speaks: as the browser asks where it is about nobody, and in no other than that."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask_babel import gettext
from sqlalchemy.exc import OperationalError

from funnel import languages, tokens
from funnel.audience import own_data
from funnel.audience.wishes import Wish
from funnel.db import utc_now
from funnel.tokens import Purpose
from funnel.web import spoken
from funnel.web.pages import book, discreet, wished
from tests.factories import a_subscriber


@pytest.mark.parametrize(
    ("asked", "tag"),
    [("it", "it"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("nl,fr;q=0.5", "fr"), ("nl", "en-GB"), ("", "en-GB")],
)
def test_a_page_about_nobody_speaks_as_the_browser_asks(session, client, asked, tag):
    page = client.get("/no-such-page", headers={"Accept-Language": asked})
    assert f'<html lang="{tag}" dir="ltr">' in page.text
    assert "Accept-Language" in page.headers["Vary"]


def test_one_who_asks_for_none_of_ours_gets_the_practice_s(session, client, setting):
    setting(PRACTICE_COUNTRY="IT")
    assert '<html lang="it"' in client.get("/no-such-page", headers={"Accept-Language": "nl"}).text


def test_the_owners_pages_speak_english(session, client):
    page = client.get("/owner/no-such-page", headers={"Accept-Language": "it"})
    assert '<html lang="en-GB"' in page.text
    assert "Accept-Language" not in page.headers.get("Vary", "")


def test_a_link_of_one_s_own_speaks_the_person_s_language_whatever_the_browser_asks(session, client):
    person = a_subscriber(session, language="de")
    session.commit()
    for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE):
        page = client.get(f"/{purpose}/{tokens.sign(purpose, person.id, 0)}", headers={"Accept-Language": "it"})
        assert '<html lang="de"' in page.text
        assert "Vary" not in page.headers


def test_a_day_is_that_of_the_reader_s_zone_in_their_words(session, client):
    until = (utc_now() + timedelta(days=9)).replace(hour=12)
    person = a_subscriber(session, language="es", time_zone="Pacific/Kiritimati", paused_until=until)  # 14 hours ahead
    session.commit()
    page = client.get(f"/my-data/{own_data.fresh_token(person, utc_now())}").text
    day = languages.day_of_year(until + timedelta(days=1), "es", ZoneInfo("UTC"))
    assert f"No llegará nada hasta el {day}." in page


def test_the_leaving_page_opens_in_the_browser_s_language_while_the_database_is_away(session, client, monkeypatch):
    person = a_subscriber(session, language="de")
    session.commit()

    def away(*_):
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(discreet, "answer_mail", away)
    door = f"/unsubscribe/{tokens.sign(Purpose.UNSUBSCRIBE, person.id, 0)}"
    page = client.get(door, headers={"Accept-Language": "fr"})
    assert (page.status_code, '<html lang="fr"' in page.text) == (200, True)
    left = client.get(door, query_string={"done": "stop", "until": wished.until(Wish.STOP, utc_now())})
    assert (left.status_code, 'name="pressed"' in page.text, 'name="pressed"' in left.text) == (200, True, False)


def test_how_long_to_wait_is_told_in_the_plural_of_the_language(app):
    told = {}
    for minutes in (1, 2, 119, 120, 170):
        with app.test_request_context(headers={"Accept-Language": "it"}):
            told[minutes] = book._words_of_limit(minutes)
    assert "tra 1 minuto." in told[1]
    assert "tra 2 minuti." in told[2]
    assert "tra 119 minuti." in told[119]
    assert "tra 2 ore." in told[120]
    assert "tra 3 ore." in told[170]


def test_a_part_in_another_language_that_fails_leaves_the_page_in_its_own(app):
    with app.test_request_context("/"):
        spoken.speak("de")
        with pytest.raises(ValueError, match="broken"), spoken.speaking("it"):
            raise ValueError("broken")
        assert (spoken.language().code, gettext("Privacy")) == ("de", "Datenschutz")
