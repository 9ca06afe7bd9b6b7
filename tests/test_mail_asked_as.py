"""What a mail says was asked for: the title of the form, in the language of whoever asked by it."""

import re

import pytest

from funnel.db import utc_now
from funnel.mail import notices, press, render, sketch
from funnel.models.mail import MessageKind
from funnel.programme import form_words, handouts
from tests.drafts import composed
from tests.factories import a_form, a_message, a_sequence, a_sign_up, a_subscriber
from tests.mail_cast import Asked
from tests.test_mail_newsletter import read


def footer(session, step, language):
    person = a_subscriber(session, language=language)
    return read(composed(session, a_message(session, person, step_id=step.id)))[1]


def test_a_tip_names_what_its_reader_asked_for_in_their_language(session):
    course = a_sequence(session, title="Eight tips")
    a_form(session, sequence_id=course.id, title="Better backs")
    a_form(session, sequence_id=course.id, title="Spalle leggere", language="it")
    assert "signed up for “Better backs” at" in footer(session, course.steps[1], "en")
    italian = footer(session, course.steps[1], "it")
    assert "perché ha chiesto «Spalle leggere» sul" in italian
    assert "Eight tips" not in italian


def test_a_tip_names_nothing_where_its_forms_differ_or_none_is_in_the_language(session):
    course = a_sequence(session, title="Eight tips")
    for title in ("Better backs", "Easy shoulders"):
        a_form(session, sequence_id=course.id, title=title)
    assert "signed up for our mails at" in footer(session, course.steps[1], "en")
    assert "perché ha chiesto le nostre e-mail sul" in footer(session, course.steps[1], "it")


def test_a_form_in_another_language_does_not_begin_with_the_english_title(session):
    course = a_sequence(session, title="Eight tips")
    assert "Eight tips" in form_words.first_words(course)["wording"]
    assert "Eight tips" not in str(form_words.first_words(course, "it").values())


def test_what_is_being_written_says_it_as_what_is_sent(session):
    course = a_sequence(session)
    a_form(session, sequence_id=course.id, title="Better backs")
    kept = sketch.of_step(course.steps[1])
    assert sketch.of(kept.kept()) == kept
    assert sketch.sheet(kept) is press.of_step(course.steps[1])


def test_a_notice_that_is_being_written_says_it_as_what_is_sent(session):
    for name in notices.TO_READERS:
        for language in ("en", "it"):
            said, now = notices.words(name, language), utc_now()
            typed = {"subject": said.subject, "preheader": said.preheader, "body": said.body}
            kept = sketch.typed_notice(typed | {"about": notices.kept_as(name, language)})
            assert sketch.of(kept.kept()) == kept
            assert render.preview_sketch(kept, None, now) == render.preview_notice(session, name, now, language), name


@pytest.mark.parametrize("template", ["confirmation", "reminder", "already_in", "handout_too", "another_course"])
def test_a_mail_that_answers_a_sign_up_names_its_form(session, template):
    form = a_form(session, title="Spalle & collo", language="it")
    person = a_subscriber(session, language="it")
    sign_up = a_sign_up(session, language="it", form_id=form.id, subscriber_id=person.id)
    mail = a_message(session, person, kind=MessageKind.NOTICE, template=template, sign_up_id=sign_up.id)
    _, text, page = read(render.rendered(session, mail, Asked(session).sign_up.created_at))
    assert "«Spalle & collo»" in text
    assert "«Spalle &amp; collo»" in page
    assert not re.search("schiena|consigli", text.partition("\n-- \n")[0])


def test_who_is_in_gets_the_handout_by_a_link_of_their_own(session):
    form, person = a_form(session), a_subscriber(session)
    sign_up = a_sign_up(session, form, subscriber_id=person.id)
    mail = a_message(session, person, kind=MessageKind.NOTICE, template="handout_too", sign_up_id=sign_up.id)
    _, text, _ = read(render.rendered(session, mail, sign_up.created_at))
    assert f"“{handouts.given(session, form).title}” belongs to it" in text
    assert f"Open the sheet:\n{handouts.address(form.id, person.id)}" in text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "change your address"),
        ("de", "Adresse"),
        ("es", "de dirección"),
        ("fr", "d’adresse"),
        ("it", "indirizzo"),
    ],
)
def test_the_link_to_ones_data_says_that_an_address_is_changed_there(code, words):
    told = notices.original("fresh_link", code)
    assert words in told.preheader
    assert words in told.body.partition("](")[0]
