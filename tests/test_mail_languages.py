"""Mails to readers in their language: the words, the footers, `lang`, and names that run the other way."""

import re

import pytest
from sqlalchemy import select

from funnel import languages
from funnel.mail import bidi, dress, notices, press, render
from funnel.models.mail import Link, MessageKind
from funnel.programme import mail_files, merge, words
from tests.conftest import NOW
from tests.drafts import composed
from tests.factories import a_message, a_sequence, a_sign_up, a_subscriber
from tests.mail_cast import Asked, a_newsletter, claimed
from tests.test_mail_newsletter import an_issue, its_mail, read

OTHERS = [language.code for language in languages.known()[1:]]
FOOTERS = ("tip", "newsletter", "notice", "asking", "archive")


def tags(text: str) -> list[merge.Tag]:
    return sorted((piece for piece in merge.pieces(text) if isinstance(piece, merge.Tag)), key=lambda tag: tag.name)


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_mail_to_readers_with_the_same_tags_and_times(code):
    for name in notices.TO_READERS:
        ours, first = notices.original(name, code), notices.original(name)
        assert (ours.language, first.language) == (code, "en"), name
        assert set(tags(ours.body)) == set(tags(first.body)), name
        assert re.findall(r"\d+", ours.body) == re.findall(r"\d+", first.body), name
        assert ours.subject != first.subject, name
        assert ours.body.count("](") == first.body.count("]("), name


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_footer_with_the_red_flags_and_the_ways_out(code):
    red_flags = press.footer_file("archive", code).read_text().strip()
    assert "{{ emergency_number }}" in red_flags
    for name in FOOTERS:
        file = press.footer_file(name, code)
        assert code in file.parts, name
        ours, first = (press.footer_file(name, one).read_text().replace(press.WHY, "why") for one in (code, "en"))
        assert tags(ours) == tags(first), name
    assert all(red_flags in press.footer_file(name, code).read_text() for name in ("tip", "newsletter"))


@pytest.mark.parametrize("code", ["en", *OTHERS])
def test_a_language_has_every_short_line(code):
    assert all(mail_files.line(name, code) for name in mail_files.LINES)
    assert press.WEB_PAGE in mail_files.line(mail_files.WEB_VERSION, code)


def test_mails_to_owners_are_in_english_whatever_is_asked_for():
    assert notices.original("booking_notice", "it") == notices.original("booking_notice")
    assert notices.original("confirmation", "xx") == notices.original("confirmation")


def test_a_confirmation_is_in_the_language_of_the_sign_up(session):
    asked = Asked(session)
    asked.sign_up.language = "de"
    mail, text, page = read(composed(session, asked.mail))
    assert mail["Subject"] == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    assert re.search(r"Ja, schicken Sie mir die E-Mails:\nhttp\S+/confirm/", text)
    assert '<html lang="de" dir="ltr"' in page
    assert "Was wir aufbewahren und warum" in page


def test_a_tip_that_is_not_translated_says_so_and_has_its_footer_in_the_readers_language(session):
    step = a_sequence(session).steps[1]
    english, italian = (
        read(composed(session, a_message(session, a_subscriber(session, language=code), step_id=step.id)))
        for code in ("en", "it")
    )
    assert "Leave in one click" in english[1]
    assert "<div lang=" not in english[2]
    assert re.search("this is a tip.*Chiami subito il.*Disiscriversi con un clic", italian[1], re.DOTALL)
    assert re.search('<html lang="en-GB".*<div lang="it" dir="ltr">.*Chiami subito', italian[2], re.DOTALL)


def test_readers_of_two_languages_follow_the_same_rows_of_links(session):
    issue = an_issue(session)
    for code in ("en", "it"):
        composed(session, its_mail(session, issue, a_subscriber(session, language=code)))
    urls = session.scalars(select(Link.url).where(Link.newsletter_id == issue.id)).all()
    assert len(urls) == len(set(urls)) == 4


def test_a_claim_tells_the_language(session):
    a_newsletter(session, a_subscriber(session, language="es"))
    assert [mail.language for mail in claimed(session)] == ["es"]


def test_other_notices_are_in_the_language_of_the_person(session):
    person = a_subscriber(session, language="es")
    mail = a_message(session, person, kind=MessageKind.NOTICE, template="fresh_link")
    assert read(render.rendered(session, mail, NOW))[0]["Subject"] == "Su enlace a sus opciones y sus datos"


def test_what_answers_a_sign_up_is_in_the_language_of_its_form(session):
    person = a_subscriber(session, language="en")
    sign_up = a_sign_up(session, language="it", subscriber_id=person.id)
    mail = a_message(session, person, kind=MessageKind.NOTICE, template="already_in", sign_up_id=sign_up.id)
    assert read(render.rendered(session, mail, NOW))[0]["Subject"] == "La Sua iscrizione è già attiva"


def test_a_name_from_right_to_left_is_kept_apart_from_its_sentence(session):
    words = press.Words('Ciao {{ first_name | default("a Lei") }}!', "", "Ciao {{ first_name }}, (1) ecco.\n", "it")
    sheet = press.newsletter(words, 1, press.settings(), "it")
    seen = render._seen(sheet, a_subscriber(session, first_name="ليلى"), NOW)
    apart = f"{bidi.ISOLATE}ليلى{bidi.ITS_END}"
    assert seen.subject == f"Ciao {apart}!"
    assert f"Ciao {apart}, (1)" in seen.text
    assert f"Ciao {apart}, (1)" in seen.html


def test_a_name_that_turns_nothing_round_is_left_as_it_is():
    assert [bidi.isolated(name) for name in ("Ada", "Zoë", "Ольга")] == ["Ada", "Zoë", "Ольга"]
    assert bidi.isolated("a\u202eb") == f"{bidi.ISOLATE}a\u202eb{bidi.ITS_END}"


def test_a_mail_from_right_to_left_leans_to_the_right():
    page = ('<ul style="padding:0 0 0 24px">', merge.Tag("first_name"), '<div style="text-align:left">')
    assert dress.mirrored(page) == (
        '<ul style="padding:0 24px 0 0">',
        merge.Tag("first_name"),
        '<div style="text-align:right">',
    )


@pytest.mark.parametrize("code", OTHERS)
def test_no_word_of_ours_promises_too_much(code):
    for name in notices.TO_READERS:
        assert words.check(notices.original(name, code).body) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", "It is on no list yet."),
        ("de", "Sie steht noch auf keiner Liste."),
        ("es", "Todavía no está en ninguna lista."),
        ("fr", "Elle ne figure encore sur aucune liste."),
        ("it", "Non è ancora in nessuna lista."),
    ],
)
def test_only_who_is_asked_to_confirm_is_told_that_they_are_on_no_list(code, words):
    said = {name for name in notices.TO_READERS if words in render.preview_notice(None, name, NOW, code).text}
    assert said == {"confirmation", "reminder"}


def test_a_mail_begins_as_its_language_does_after_a_greeting():
    """With a capital where the greeting ends a sentence, with a small letter where a comma carries on; “Sie” and “Lei”
    have theirs anywhere.
    """
    for code in ("en", "es", "fr"):
        for name in notices.TO_READERS:
            greeting, first = notices.original(name, code).body.strip().split("\n\n")[:2]
            assert greeting.endswith((",", ":")), (code, name)
            assert first[0].isupper(), (code, name)
    for code in ("de", "it"):
        firsts = [notices.original(name, code).body.strip().split("\n\n")[1] for name in notices.TO_READERS]
        assert not [first for first in firsts if first[0].isupper() and not first.startswith(("Sie", "Lei"))], code


def test_french_marks_stay_on_the_line_of_their_words_in_mails_too():
    said = [notices.original(name, "fr") for name in notices.TO_READERS]
    lines = [line for one in said for line in (one.subject, one.preheader, one.body)]
    lines += [press.footer_file(name, "fr").read_text() for name in FOOTERS]
    assert not [line for line in lines if re.search(r" [;!?:»]|« ", line)]


def test_in_french_the_colon_before_an_address_stands_apart_and_stays_on_its_line():
    told = render.preview_notice(None, "confirmation", NOW, "fr").text
    assert "Oui, envoyez-moi les e-mails\N{NO-BREAK SPACE}:\nhttp" in told
