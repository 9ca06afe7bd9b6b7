"""Translations on the owner's pages: the list of languages, the editor beside the original, in use, left out, tried."""

import re

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.mail import render
from funnel.models.content import Newsletter, Step
from funnel.models.editing import Draft, Kind
from funnel.models.house import AuditEntry
from funnel.models.mail import Message, MessageKind
from funnel.models.translations import Translation
from funnel.programme import revisions, translations
from tests import factories
from tests.owner_data import EMAIL, Practice, press, signed_in
from tests.test_mail_newsletter import read

MAIL = "/owner/mails/2"
BODY = 'Buongiorno {{ first_name | default("a Lei") }},\n\nsi alzi ogni tanto. [Leggere](/posts/quadratus-lumborum)\n'
WORDS = {
    "subject": "Si alzi, ogni tanto",
    "preheader": "Un muscolo profondo, e come trovarlo in trenta secondi con due mani.",
    "body": BODY,
}


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    session.commit()
    return made


@pytest.fixture
def desk(app, practice):
    return signed_in(app)


def begin(desk, code="it", on=MAIL):
    """The address of its pages, once begun."""
    return press(desk, f"{on}/languages/{code}", on=on).location.removesuffix("/edit")


def save(desk, page, based_on=0, **changes):
    return press(desk, f"{page}/edit", on=f"{page}/edit", based_on=str(based_on), **(WORDS | changes))


def row(session, page):
    session.expire_all()
    return session.get_one(Translation, int(page.rpartition("/")[2]))


def test_the_page_of_a_mail_lists_what_is_not_written_yet(desk):
    page = desk.get(MAIL).text
    assert page.count("not written yet") == 4
    assert f"{MAIL}/languages/it" in page


def test_it_is_written_beside_the_original_in_its_own_language(desk):
    page = desk.get(f"{begin(desk)}/edit").text
    assert re.search(r'<textarea id="body"[^>]* lang="it" dir="auto"', page)
    assert "default(&#34;a Lei&#34;)" in page
    assert re.search(r'aria-label="The original" lang="en">[^<]*Stand tall', page)


def test_saved_it_is_in_use_and_listed_so(desk, session):
    page = begin(desk)
    assert save(desk, page).location == page
    assert row(session, page).in_use
    listed = desk.get(MAIL).text
    assert "Si alzi, ogni tanto" in listed
    assert listed.count("not written yet") == 3
    shown = desk.get(page).text
    assert "Readers of this language get it instead" in shown
    assert "Like the original" in shown
    assert "Buongiorno a Lei" in desk.get(f"{page}/html").text


def test_claims_are_refused_in_its_language_and_what_was_typed_is_kept(desk, session):
    page = begin(desk)
    answer = save(desk, page, body="Questo guarisce.\n")
    assert answer.status_code == 422
    assert "“guarisce” promises too much" in answer.text
    kept = session.scalars(select(Draft).where(Draft.kind == Kind.TRANSLATION)).one()
    assert kept.content["body"] == "Questo guarisce.\n"
    assert row(session, page).body == ""
    assert "Go on writing" in desk.get(MAIL).text


def test_a_preview_of_what_is_typed_is_in_its_language(desk, session):
    page = begin(desk)
    data = {**WORDS, "text_id": str(row(session, page).id)}
    seen = press(desk, "/owner/translations/preview", on=f"{page}/edit", **data).text
    assert '<html lang="it"' in seen
    assert "Disiscriversi con un clic" in seen
    told = press(desk, "/owner/translations/preview/checks", on=f"{page}/edit", **data).text
    assert "Like the original" in told
    assert "Reading age" not in told


def test_it_is_left_out_and_put_to_use_by_one_press(desk, session):
    page = begin(desk)
    save(desk, page)
    press(desk, f"{page}/leave-out", on=page)
    assert not row(session, page).in_use
    assert "left out" in desk.get(MAIL).text
    press(desk, f"{page}/use", on=page)
    assert row(session, page).in_use
    press(desk, f"{page}/use", on=page)
    assert "Nothing had changed" in desk.get(page).text
    done = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(2)).all()
    assert done == ["put a translation to use", "left a translation out"]


def test_an_original_that_changed_is_told_until_it_is_said_to_fit(desk, session):
    page = begin(desk)
    save(desk, page)
    assert "has changed since" not in desk.get(page).text
    revisions.add(session, Kind.STEP, 2, {"body": "new"}, owner_id=None, why="", now=utc_now())
    session.commit()
    assert "has changed since" in desk.get(page).text
    assert "the original changed since" in desk.get(MAIL).text
    press(desk, f"{page}/fits", on=page)
    assert "has changed since" not in desk.get(page).text


def test_a_test_of_it_says_what_is_saved(desk, session):
    page = begin(desk)
    save(desk, page)
    press(desk, f"{page}/test", on=page)
    message = session.scalars(select(Message).where(Message.kind == MessageKind.TEST)).one()
    mail, text, html = read(render.rendered(session, message, utc_now()))
    assert (mail["To"], mail["Subject"]) == (EMAIL, "[TEST] Si alzi, ogni tanto")
    assert "Buongiorno a Lei" in text
    assert '<html lang="it"' in html


def test_its_revisions_are_compared_and_restored(desk, session):
    page = begin(desk)
    save(desk, page)
    save(desk, page, based_on=1, subject="Si alzi")
    assert ", ogni tanto" in desk.get(f"{page}/revisions/compare").text
    press(desk, f"{page}/revisions/1/restore", on=f"{page}/revisions")
    assert row(session, page).subject == WORDS["subject"]


def test_a_newsletter_is_translated_too_and_leads_to_its_own_web_page(desk, session):
    issue = Newsletter(subject="Chairs", subject_b="Sit less", body="Sit less.\n", created_at=utc_now())
    factories.add(session, issue)
    session.commit()
    page = begin(desk, "de", f"/owner/newsletters/{issue.id}")
    answer = save(desk, page, body="Guten Tag, stehen Sie ab und zu auf.\n")
    assert answer.location == page
    assert "this one subject in both halves" in desk.get(page).text
    assert f"/archive/{issue.id}/de" in desk.get(f"{page}/html").text
    assert "in use" in desk.get(f"/owner/newsletters/{issue.id}").text


def test_a_language_that_there_is_not_is_not_begun(desk):
    assert [press(desk, f"{MAIL}/languages/{code}", on=MAIL).status_code for code in ("en", "xx")] == [404, 404]


def test_words_that_cannot_be_written_any_more_say_so(desk, session):
    number = translations.begin(session, session.get_one(Step, 2), "fr", utc_now())
    found = session.get_one(Translation, number)
    found.body, found.subject = "{{ nobody }}", "Bonjour"
    session.commit()
    assert "cannot be written" in desk.get(f"/owner/translations/{number}").text
    assert "is not a tag" in desk.get(f"/owner/translations/{number}/html").text
