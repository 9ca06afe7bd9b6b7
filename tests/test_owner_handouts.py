"""What a form gives, chosen on the owner's page: ours, a file of one's own, nothing; and taken back."""

import io
import re

import pytest
from sqlalchemy import select

from funnel.audience import retention
from funnel.db import utc_now
from funnel.models.content import Step
from funnel.models.handouts import Gives, OwnFile
from funnel.models.people import Form
from funnel.models.translations import Translation
from funnel.programme import handout
from funnel.programme.pdf_file import LARGEST
from tests.factories import a_form, a_sequence, a_step
from tests.owner_data import press, signed_in, token
from tests.test_programme_pdf_file import a_pdf

PAGE = "/owner/forms/1/handout"
UNDO = re.compile(r'action="(/owner/forms/1/handout/undo/\d+)"')


@pytest.fixture
def desk(app, session):
    course = a_sequence(session, days=())
    a_step(session, course, 0, subject="Welcome to it", body="[Sheet]({{ handout_link }})\n")
    a_form(session, slug="tips", title="Tips", sequence_id=course.id)
    session.commit()
    return signed_in(app)


def sent(desk, data, name="card.pdf", gives="own", title=""):
    fields = {"csrf_token": token(desk, PAGE), "gives": gives, "title": title, "file": (io.BytesIO(data), name)}
    return desk.post(PAGE, data=fields, content_type="multipart/form-data")


def gives(session):
    session.expire_all()
    form = session.get_one(Form, 1)
    return form.gives, form.own_file_id


def test_ours_is_given_at_first_and_the_page_says_where_it_stands(desk):
    page = desk.get(PAGE).text
    assert 'value="ours" checked' in page
    assert "where to book, in English. <a" in page
    assert "Welcome to it" in page
    assert desk.get(f"{PAGE}.pdf?ours").data.startswith(b"%PDF-")


def test_an_own_file_is_given_seen_and_taken_back(session, desk):
    answer = sent(desk, a_pdf())
    assert gives(session) == (Gives.OWN, 1)
    page = desk.get(answer.location).text
    assert "card.pdf" in page
    assert "1 page" in page
    assert desk.get(f"{PAGE}.pdf").data == a_pdf()
    undo = UNDO.search(page)[1]
    press(desk, undo, on=PAGE)
    assert gives(session) == (Gives.OURS, None)
    assert press(desk, undo, on=PAGE).status_code == 303  # changed again since: nothing
    assert "nothing was taken back" in desk.get(PAGE).text


def test_a_file_that_is_sent_is_given_wherever_the_dot_was_left(session, desk):
    sent(desk, a_pdf(), gives="ours")
    assert gives(session) == (Gives.OWN, 1)


def test_nothing_is_given_when_the_owner_says_so_and_the_mail_that_links_to_it_is_named(session, desk):
    press(desk, PAGE, on=PAGE, gives="none")
    assert gives(session) == (Gives.NONE, None)
    assert "take the link out there" in desk.get(PAGE).text
    assert "no handout" in desk.get("/owner/forms/1").text


def test_what_is_wrong_with_a_file_is_told_and_what_is_given_stays(session, desk):
    for data, words in ((b"PK a zip", "not a PDF"), (bytes(LARGEST + 1), "larger than 5 MB")):
        answer = sent(desk, data)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'value="own" checked' in answer.text
    assert "larger than 5 MB" in sent(desk, bytes(LARGEST + 100_000)).text
    assert "choose the PDF first" in press(desk, PAGE, on=PAGE, gives="own").text
    assert press(desk, PAGE, on=PAGE, gives="cake").status_code == 400
    assert gives(session) == (Gives.OURS, None)


def test_saved_without_a_change_it_says_so(desk):
    assert press(desk, PAGE, on=PAGE, gives="ours").location == PAGE
    assert "Nothing was changed" in desk.get(PAGE).text


def test_a_file_that_no_form_gives_is_deleted_after_a_month_and_its_undo_says_so(session, desk):
    sent(desk, a_pdf())
    last = press(desk, PAGE, on=PAGE, gives="none").location
    undo = UNDO.search(desk.get(last).text)[1]
    session.scalars(select(OwnFile)).one().made_at -= retention.NETWORKS * 2
    session.commit()
    assert retention.retain(session, utc_now())["files no form gives"] == 1
    session.commit()
    press(desk, undo, on=PAGE)
    assert "not kept any more" in desk.get(PAGE).text


def test_it_is_called_as_the_owner_says_or_as_the_pdf_does_and_a_title_is_taken_back(session, desk):
    def title():
        session.expire_all()
        return session.get_one(OwnFile, 1).title

    sent(desk, a_pdf(), gives="own")
    assert title() == "Walking card"
    assert 'name="title" value="Walking card"' in desk.get(PAGE).text
    last = press(desk, PAGE, on=PAGE, gives="own", title="  My walking\n card ").location
    assert title() == "My walking card"
    press(desk, UNDO.search(desk.get(last).text)[1], on=PAGE)
    assert title() == "Walking card"
    press(desk, PAGE, on=PAGE, gives="own", title="Mine")
    press(desk, PAGE, on=PAGE, gives="own", title="")
    assert title() == "Walking card"
    assert press(desk, PAGE, on=PAGE, gives="own", title="").location == PAGE
    long = press(desk, PAGE, on=PAGE, gives="own", title="x" * 121)
    assert (long.status_code, "longer than 120 signs" in long.text, 'value="xxx' in long.text) == (422, True, True)


def test_once_saved_the_mails_that_call_it_otherwise_are_named_each_with_the_way_to_its_words(session, desk):
    step = session.scalars(select(Step)).one()
    said = {"step_id": step.id, "subject": "Benvenuta", "created_at": utc_now(), "updated_at": utc_now()}
    body = "[il foglio]({{ handout_link }})\n"
    italian, french = (Translation(**said, language=code, body=body, in_use=code == "it") for code in ("it", "fr"))
    session.add_all([italian, french])
    session.commit()
    page = desk.get(sent(desk, a_pdf(title="The sheet of walks")).location).text
    for address, words in (
        (f"mails/{step.id}", "<bdi>Sheet</bdi>"),
        (f"translations/{italian.id}", "<bdi>il foglio</bdi>"),
    ):
        assert f'{words}”: <a href="/owner/{address}/edit"' in page
    assert f"translations/{french.id}" not in page
    assert "(Italian), which calls it “<bdi>il foglio</bdi>”" in desk.get(PAGE).text
    assert "change its words" not in desk.get(PAGE).text
    step.body, italian.body = "[The sheet of walks]({{ handout_link }})\n", "Bare: {{ handout_link }}\n"
    session.commit()
    page = desk.get(press(desk, PAGE, on=PAGE, gives="own", title="Sheet of walks").location).text
    assert "Saved." in page
    assert "change its words" not in page


def test_a_form_in_a_language_ours_is_not_told_in_says_so(session, desk, monkeypatch):
    monkeypatch.setattr(handout, "told_in", lambda: ["en", "es", "it"])
    so_far = "It is told in English, Spanish and Italian so far"
    for code, words in (("de", so_far), ("it", "where to book, in Italian. <a")):
        session.get_one(Form, 1).language = code
        session.commit()
        assert words in desk.get(PAGE).text
    assert "ql-reset-it.pdf" in desk.get(f"{PAGE}.pdf?ours").headers["Content-Disposition"]
