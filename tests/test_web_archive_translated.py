"""An issue on the web in another language, as the line above its mail's footer leads to it."""

import re

import pytest

from funnel.models.content import Part
from funnel.models.translations import Translation
from funnel.programme import translations
from tests.conftest import NOW
from tests.drafts import composed
from tests.factories import a_form, a_subscriber, an_issue
from tests.test_mail_newsletter import its_mail, read

SAID = {
    "subject": "Una parola sulle sedie",
    "preheader": "",
    "body": 'Buongiorno {{ first_name | default("a Lei") }}, si alzi.\n',
}


@pytest.fixture
def issue(session):
    made = an_issue(session, subject="Chairs")
    row = session.get_one(Translation, translations.begin(session, made, "it", NOW))
    translations.say(session, row, SAID, owner_id=None, why="", now=NOW)
    session.commit()
    return made


def test_the_mail_leads_to_the_page_in_its_language(session, client, issue):
    text = read(composed(session, its_mail(session, issue, a_subscriber(session, language="it"))))[1]
    path = re.search(r"apra nel browser <http://127.0.0.1:8000(\S+)>", text)[1]
    page = client.get(path)
    assert path == f"/archive/{issue.id}/it"
    assert '<html lang="it" dir="ltr">' in page.text
    assert "Buongiorno a Lei, si alzi." in page.text
    assert "Chiami subito" in page.text


def test_its_form_is_one_in_the_same_language_where_there_is_one(session, client, issue):
    a_form(session, title="Back care")
    session.commit()
    assert "Back care" in client.get(f"/archive/{issue.id}/it").text
    a_form(session, title="Cura della schiena", language="it")
    session.commit()
    assert "Cura della schiena" in client.get(f"/archive/{issue.id}/it").text


def test_what_is_not_said_in_a_language_leads_to_the_original(session, client, issue):
    assert client.get(f"/archive/{issue.id}/de").location == f"/archive/{issue.id}"
    row = session.query(Translation).one()
    translations.leave_out(session, row, NOW)
    session.commit()
    assert client.get(f"/archive/{issue.id}/it").location == f"/archive/{issue.id}"
    assert client.get(f"/archive/{issue.id + 1}/it").status_code == 404


def test_of_one_sent_again_its_words_stand_there_in_a_language_that_the_first_had_not_once_it_left(session, client):
    first = an_issue(session, subject="Chairs", state="sent")
    again = an_issue(
        session, subject="Stools", parent_id=first.id, part=Part.RESEND, started_at=None, state="scheduled"
    )
    row = session.get_one(Translation, translations.begin(session, again, "it", NOW))
    translations.say(session, row, SAID, owner_id=None, why="", now=NOW)
    session.commit()
    assert client.get(f"/archive/{first.id}/it").location == f"/archive/{first.id}"
    again.state, again.started_at = "sending", NOW
    session.commit()
    assert "si alzi" in client.get(f"/archive/{first.id}/it").text
