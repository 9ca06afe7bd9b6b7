"""The sum of a newsletter tells what its readers get in their languages, and who may read it on the web."""

import pytest

from funnel.audience import segments
from funnel.db import utc_now
from funnel.models.content import Newsletter
from funnel.models.editing import Kind
from funnel.models.people import Subscriber
from funnel.models.translations import Translation
from funnel.programme import archive, revisions, translations
from tests.factories import a_booking, a_subscriber
from tests.newsletter_desk import ONE, order, ready
from tests.owner_data import signed_in
from tests.readers import as_sent, fields_of


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def issue(session):
    return ready(session)


@pytest.fixture
def clients(session, issue):
    a_booking(session, session.get_one(Subscriber, 1), state="booked")
    kept = segments.keep(session, "Clients", {"is": "booked"}, utc_now())
    session.commit()
    return kept


def said(session, issue, language):
    row = session.get_one(Translation, translations.begin(session, issue, language, utc_now()))
    words = {"subject": "Sedie", "preheader": "", "body": "Ciao.\n"}
    translations.say(session, row, words, owner_id=None, why="", now=utc_now())
    return row


def told(page):
    return " ".join(page.text.split())


def test_without_readers_of_another_language_nothing_is_told_of_them(desk, issue):
    assert "In other languages" not in told(order(desk))


def test_each_language_is_told_with_its_readers_and_what_they_get(desk, session, issue):
    for language in ("it", "it", "de", "fr"):
        a_subscriber(session, language=language)
    said(session, issue, "it")
    translations.leave_out(session, said(session, issue, "de"), utc_now())
    said(session, issue, "es")
    revisions.add(session, Kind.NEWSLETTER, 1, {"body": "x"}, owner_id=None, why="later", now=utc_now())
    session.commit()
    page = told(order(desk))
    assert "<strong>Italian</strong>: 2 people get it in this language. The translation is older" in page
    assert "<strong>German</strong>: 1 person gets the original; its translation is left out." in page
    assert "<strong>French</strong>: 1 person gets the original; there is no translation." in page
    assert "<strong>Spanish</strong>: nobody who gets it reads this." in page
    assert 'href="/owner/translations/1"' in page


def test_what_goes_to_a_part_stands_in_the_archive_only_when_its_owner_says_so(desk, session, clients):
    to_them = {"whom": f"segment-{clients.id}"}
    page = order(desk, **to_them)
    assert "in the archive all others read it too" in told(page)
    assert "in_archive" not in as_sent(page)
    desk.post(f"{ONE}/send", data=as_sent(page))
    session.expire_all()
    issue = session.get_one(Newsletter, 1)
    assert (issue.in_archive, issue.archive_set_at) == (False, None)
    page = order(desk, **to_them, seen=fields_of(desk.get(f"{ONE}/send"))["seen"])
    desk.post(f"{ONE}/send", data=as_sent(page) | {"in_archive": "1"})
    session.expire_all()
    assert issue.in_archive
    assert issue.archive_set_at


def test_what_goes_to_everybody_stands_there_unless_its_owner_said_no(desk, session, issue):
    page = order(desk)
    assert as_sent(page)["in_archive"] == "1"
    archive.hide(session, 1, utc_now())
    session.commit()
    assert "in_archive" not in as_sent(order(desk))
    issue.archive_set_at, issue.in_archive = None, True
    session.commit()
    fields = as_sent(page)
    del fields["in_archive"]
    desk.post(f"{ONE}/send", data=fields)
    session.expire_all()
    assert not session.get_one(Newsletter, 1).in_archive
