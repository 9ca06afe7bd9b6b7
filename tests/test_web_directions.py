"""Readers' pages as they look in languages other than English: long words, and writing from right to left."""

import re
from pathlib import Path

import pytest
from babel.messages import mofile
from babel.messages.catalog import Catalog

from funnel import languages, tokens
from funnel.audience import own_data, resending
from funnel.db import utc_now
from funnel.programme import form_words
from funnel.tokens import Purpose
from tests.factories import a_form, a_sequence, a_subscriber, an_enrolment
from tests.test_accessibility import NARROWEST, assert_clean

STATIC = Path(__file__).parent.parent / "funnel/static"
READERS = ("base", "pages", "frame")
FATIMA = "فاطمة"
SIDED = re.compile(r"(?<![\w-])(?:(?:margin|padding|border)-)?(?:left|right)(?![\w-])")


def begun(session, code):
    """A form with the words that come with Funnel in that language."""
    course = a_sequence(session, title="Acht kurze E-Mails für den unteren Rücken")
    words = form_words.read(session, form_words.first_words(course, code) | {"course": course.slug})[0]
    return a_form(session, slug=f"form-{code}", **words)


def test_no_style_of_a_reader_s_page_knows_left_and_right():
    """What stands at the start of a line does so in both directions."""
    for name in READERS:
        rules = re.sub(r"/\*.*?\*/", "", (STATIC / f"{name}.css").read_text(), flags=re.DOTALL)
        assert not SIDED.findall(rules), name


def test_a_name_written_from_right_to_left_stands_apart(session, client):
    person = a_subscriber(session, first_name=FATIMA)
    session.commit()
    page = client.get(f"/my-data/{own_data.fresh_token(person, utc_now())}").text
    field = re.search(r"<input[^>]*name=\"first_name\"[^>]*>", page)[0]
    assert FATIMA in field
    assert 'dir="auto"' in field


def test_words_of_the_owner_take_their_own_direction(session, client):
    form = a_form(session, slug="arabic", title=FATIMA, promise=FATIMA)
    session.commit()
    page = client.get("/f/arabic").text
    assert f'<h1 dir="auto">{FATIMA}</h1>' in page
    assert f'dir="auto">{FATIMA}</p>' in page
    sent = client.get(f"/f/{form.slug}/sent?t={resending.ticket(form.id, 0, utc_now())}").text
    assert f"<bdi>{FATIMA}</bdi>" in sent


@pytest.fixture
def sixth(tmp_path, monkeypatch, app):
    """Arabic, by a catalog alone."""
    arabic = Catalog("ar")
    arabic.add("Email address", "البريد الإلكتروني")
    (tmp_path / "ar/LC_MESSAGES").mkdir(parents=True)
    with (tmp_path / "ar/LC_MESSAGES/messages.mo").open("wb") as file:
        mofile.write_mo(file, arabic)
    monkeypatch.setattr(languages, "FOLDER", tmp_path)
    babel = app.extensions["babel"]
    monkeypatch.setattr(babel, "translation_directories", [str(tmp_path)])
    monkeypatch.setattr(babel.instance.domain_instance, "cache", {})
    kept = (languages.known, languages.codes, languages.catalog)
    for one in kept:
        one.cache_clear()
    yield
    for one in kept:
        one.cache_clear()


def test_a_sixth_language_comes_by_its_catalog_alone(session, client, sixth):
    a_form(session, slug="arabic", language="ar")
    session.commit()
    page = client.get("/f/arabic").text
    assert '<html lang="ar" dir="rtl">' in page
    assert "البريد الإلكتروني" in page


@pytest.mark.browser
def test_the_longest_words_fit_on_the_smallest_phone(session, live, page):
    form = begun(session, "de")
    person = a_subscriber(session, form_id=form.id, language="de")
    an_enrolment(session, person, a_sequence(session))
    session.commit()
    opened = page(width=NARROWEST, locale="de-DE")
    preferences = f"/preferences/{tokens.sign(Purpose.PREFERENCES, person.id, 0)}"
    for path in (f"/f/{form.slug}", f"/f/{form.slug}/sent?again=1", preferences, "/book", "/privacy"):
        opened.goto(live + path)
        wider = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (path, wider, opened.locator("html").get_attribute("lang")) == (path, 0, "de")
        assert_clean(opened, path)
