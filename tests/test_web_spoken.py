"""In which language a page speaks: as the browser asks where it is about nobody, and in no other than that."""

import pytest


def head(page):
    return page.text[: page.text.index("</head>")]


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
