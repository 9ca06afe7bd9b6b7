"""What a form says of its languages and names: the mails in its language, and whose title it speaks of."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from funnel.models.translations import Translation
from funnel.programme import course_languages
from tests.conftest import NOW
from tests.factories import a_form, a_sequence
from tests.owner_data import signed_in

PAGE = "/owner/forms/1"


@pytest.fixture
def form(session):
    made = a_form(session, slug="tips", title="Knee tips", language="it", wording="Send me the tips.")
    session.commit()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def steps(session, form):
    return course_languages.live(session, form.sequence_id)


def translate(session, *steps):
    for step in steps:
        words = {"subject": "Ecco", "preheader": "Un consiglio", "body": "Buongiorno.", "created_at": NOW}
        session.add(Translation(step_id=step.id, language="it", in_use=True, updated_at=NOW, **words))
    session.commit()


def words(node):
    return " ".join(node.text(separator=" ").split())


def seen(desk, path):
    return LexborHTMLParser(desk.get(path).text)


def test_a_form_says_how_many_mails_are_written_in_its_language_and_leads_to_the_others(desk, session, steps):
    assert "No mail of the course is written in Italian yet: all come in English." in words(seen(desk, PAGE).body)
    translate(session, steps[0])
    page = seen(desk, PAGE)
    assert "1 of 3 mails is written in Italian; the others come in English." in words(page.body)
    assert [bool(page.css(f'a[href="/owner/mails/{step.id}#languages"]')) for step in steps] == [False, True, True]
    translate(session, *steps[1:])
    assert "All 3 mails are written in Italian." in words(seen(desk, PAGE).body)


def test_the_list_of_mails_names_the_languages_of_each_where_there_are_several(desk, session, steps):
    translate(session, steps[0])
    a_sequence(session, slug="plain", title="In English alone")
    session.commit()

    lines = [words(line) for line in seen(desk, "/owner/mails").css(".spoken")]

    assert lines == ["In English Italian", "In English not in Italian", "In English not in Italian"]
    course = seen(desk, f"/owner/courses/{steps[0].sequence_id}")
    assert "Its mails are written in English (3), Italian (1)." in words(course.body)


def test_words_that_speak_of_another_title_are_told_with_how_to_mend_them(desk, session, form):
    for quoted in ("“Strong backs”", "„Strong backs“", "«\u202fStrong backs\u202f»", '"Strong backs"'):
        form.wording = f"Please email me {quoted} now and then."
        session.commit()
        (said,) = seen(desk, PAGE).css("p.notice.warn")
        assert words(said).startswith(
            "“What they agree to” speaks of “Strong backs”, but this form is called “Knee tips”"
        )
        assert said.css('a[href="/owner/forms/1/edit#wording"]')


def test_the_forms_own_title_and_its_courses_may_be_named(desk, session, form):
    form.wording = "Please email me “Knee tips” and “A course.”"
    session.commit()

    assert seen(desk, PAGE).css("p.notice.warn") == []
