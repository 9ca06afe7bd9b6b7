"""A newsletter is sent once more, with another subject, to those who did not click."""

import pytest
from sqlalchemy import select

from funnel.db import utc_now
from funnel.models.content import Newsletter, Part
from funnel.models.translations import Translation
from funnel.programme import translations
from tests.issue_cast import click, whose, work
from tests.mail_cast import send
from tests.newsletter_desk import LIST, ONE, under_way
from tests.owner_data import press, signed_in
from tests.readers import as_sent


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def sent(session, sink):
    """Three people got it, and one of them clicked."""
    issue = under_way(session, utc_now())
    work(session, utc_now())
    send(session, utc_now())
    work(session, utc_now())
    click(session, issue, whose(session, issue)[:1])
    session.commit()
    return issue


def test_those_who_did_not_click_are_counted_and_a_draft_is_made_for_them(desk, session, sent):
    assert "<strong>2 people</strong> got it" in desk.get(f"{ONE}/again").text
    answer = press(desk, f"{ONE}/again", on=f"{ONE}/again", subject="Stools")
    assert answer.location == f"{LIST}/2"
    made = session.get_one(Newsletter, 2)
    assert (made.part, made.parent_id, made.subject) == (Part.RESEND, 1, "Stools")
    page = desk.get(f"{LIST}/2").text
    assert "and did not click" in page
    page = " ".join(desk.get(f"{LIST}/2/send").text.split())
    assert "<strong>2 people</strong> get it" in page
    assert "Choose people here" not in page


def test_each_language_wants_another_subject_too_or_its_readers_get_the_original(desk, session, sent):
    for code, subject in (("it", "Sedie"), ("de", "Stühle")):
        row = session.get_one(Translation, translations.begin(session, sent, code, utc_now()))
        words = {"subject": subject, "preheader": "", "body": "Ciao.\n"}
        translations.say(session, row, words, owner_id=None, why="", now=utc_now())
    session.commit()
    page = f"{ONE}/again"
    fields = as_sent(desk.get(page)) | {"subject": "Stools", "subject-de": ""}
    assert fields["subject-it"] == "Sedie"
    answer = press(desk, page, on=page, **fields)
    assert answer.status_code == 422
    assert "In Italian it has the same subject as the first time" in answer.text
    assert press(desk, page, on=page, **(fields | {"subject-it": "Sgabelli"})).location == f"{LIST}/2"
    made = session.scalars(select(Translation).where(Translation.newsletter_id == 2).order_by(Translation.id))
    assert [(row.language, row.subject, row.in_use) for row in made] == [
        ("it", "Sgabelli", True),
        ("de", "Stühle", False),
    ]
    press(desk, "/owner/translations/4/use", on="/owner/translations/4")
    told = press(desk, f"{LIST}/2/sum", on=f"{LIST}/2/send", whom="everybody", when="now")
    assert (told.status_code, "In German it has the same subject" in told.text) == (422, True)


def test_where_everybody_clicked_nobody_is_written_to_again(desk, session, sent):
    click(session, sent, whose(session, sent)[1:])
    session.commit()
    page = desk.get(f"{ONE}/again").text
    assert "there is nobody to send it to again" in page
    assert "Make the draft" not in page


def test_it_wants_another_subject_and_what_was_typed_stays(desk, session, sent):
    answer = press(desk, f"{ONE}/again", on=f"{ONE}/again", subject="Chairs")
    assert answer.status_code == 422
    assert "Give it another subject" in answer.text
    assert session.scalars(select(Newsletter.id)).all() == [1]


def test_a_second_time_is_refused_and_leads_to_the_first(desk, session, sent):
    press(desk, f"{ONE}/again", on=f"{ONE}/again", subject="Stools")
    page = desk.get(f"{ONE}/again").text
    assert "A second time would be too much" in page
    assert f'href="{LIST}/2"' in page
    assert press(desk, f"{ONE}/again", on=LIST, subject="Benches").status_code == 422
    assert "once is enough" in desk.get(f"{LIST}/2/again").text


def test_what_has_not_been_sent_is_not_sent_again(desk, session):
    under_way(session, utc_now())
    assert "once all of it has been sent" in desk.get(f"{ONE}/again").text
