"""The privacy page: who, what, why, how long; linked from everywhere."""

import pytest

from tests.factories import a_form


def test_it_says_who_is_responsible_and_how_to_reach_them(client, setting):
    setting(PRACTICE_NAME="A Practice", PRACTICE_ADDRESS="2 Sample Road", REPLY_TO="ask@example.org")
    page = client.get("/privacy").text
    for words in ("A Practice", "2 Sample Road", 'href="mailto:ask@example.org"'):
        assert words in page


@pytest.mark.parametrize(
    "words", ["30 days", "90 days", "24 months", "No cookies", "your consent", "get less", "ask us to delete it"]
)
def test_it_says_what_is_kept_and_how_long(client, words):
    assert words in client.get("/privacy").text


def test_a_booking_page_elsewhere_is_told_of(client, setting):
    assert "go along to the booking page" not in client.get("/privacy").text
    setting(BOOKING_URL="https://calendar.example.org/alessandro")
    assert "go along to the booking page" in client.get("/privacy").text


@pytest.mark.parametrize("path", ["/f/back-care", "/f/back-care/sent", "/book", "/book/thanks", "/nowhere"])
def test_every_page_links_to_it(session, client, path):
    a_form(session, slug="back-care")
    session.commit()
    assert 'href="/privacy"' in client.get(path).text
