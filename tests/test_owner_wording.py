"""The words of the confirmation page and mails."""

import re

import pytest

from funnel.audience import confirmation
from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.mail import notices, render
from funnel.web.owner import settings
from tests.audience_cast import signs_up
from tests.factories import a_form
from tests.owner_data import press, signed_in

WORDS = "/owner/settings/words"
MAIL = {
    "subject": "Was it you?",
    "preheader": "One press of the button, and the first mail is on its way.",
    "body": "Hello,\n\n[Yes, it was me]({{ confirm_link }})\n\n{{ practitioner_name }}",
}


@pytest.fixture
def desk(app):
    return signed_in(app)


def save(desk, name="confirmation", **typed):
    page = f"{WORDS}/{name}"
    typed.setdefault("mark", re.search(r'name="mark" value="(\w+)"', desk.get(page).text)[1])
    return press(desk, page, on=page, **typed)


def test_the_mail_says_what_was_written(desk, session):
    answer = save(desk, **MAIL)

    assert "saved=" in answer.location
    assert render.preview_notice(session, "confirmation", utc_now()).subject == "Was it you?"
    assert "Was it you?" in desk.get("/owner/mails/confirmation").text
    assert "your own words" in desk.get(WORDS).text
    assert "1 text of your own" in desk.get("/owner/settings").text


@pytest.mark.parametrize(
    ("part", "words", "why"),
    [
        ("body", "Hello", "It has no button that confirms"),
        ("body", "", "Please write something here"),
        ("body", "One\n\n{{ first_name }} [x]({{ confirm_link }})", "Line 3: “first_name” has no value here"),
        ("body", "x" * 20_001, "longer than 20,000"),
        ("body", "This cures you. [x]({{ confirm_link }})", "Line 1: “cures” promises too much"),
        ("subject", "Hello {{ nobody }}", "“nobody” is not a tag"),
        ("subject", "x" * 151, "longer than 150"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_line_and_stays_typed(desk, part, words, why):
    answer = save(desk, **{**MAIL, part: words})

    assert (answer.status_code, why in answer.text.replace("&#34;", '"')) == (422, True)
    assert "Was it you?" in answer.text or part == "subject"
    assert notices.words("confirmation") == notices.original("confirmation")


def test_the_original_words_come_back_by_one_press_and_that_is_taken_back_too(desk):
    save(desk, **MAIL)
    restored = save(desk, restore="1", **MAIL)
    assert notices.words("confirmation") == notices.original("confirmation")

    entry = restored.location.rpartition("=")[2]
    back = press(desk, f"/owner/settings/undo/{entry}", on="/owner/settings/practice")

    assert back.location == f"{WORDS}/confirmation"
    assert notices.words("confirmation").subject == "Was it you?"


def test_saving_the_original_words_keeps_none(desk):
    original = {name: text for name, text in vars(notices.original("reminder")).items() if name in MAIL}
    assert save(desk, "reminder", **original).location == f"{WORDS}/reminder"
    with Session.begin() as session:
        assert stored.rows(session) == {}


def test_somebody_elses_words_are_not_overwritten_silently(desk):
    answer = save(desk, mark="another", **MAIL)

    assert (answer.status_code, settings.MEANWHILE in answer.text, MAIL["subject"] in answer.text) == (409, True, True)


def test_the_confirmation_page_says_what_was_written(desk, session, client):
    typed = {"ask": "Hello from {{ practitioner_name }}", "not_you": "<b>Close it.</b>", "done": "In!", "next": "Soon."}
    save(desk, "page", **typed)
    sign_up = signs_up(session, a_form(session), now=utc_now())
    session.commit()
    path = f"/confirm/{confirmation.token(sign_up)}"
    asked = client.get(path).text
    assert "<h1>Hello from Alessandro</h1>" in asked
    assert "&lt;b&gt;Close it.&lt;/b&gt;" in asked
    assert "<h1>In!</h1>" in client.post(path, follow_redirects=True).text


def test_a_reader_finds_the_original_words_until_then(session, client):
    sign_up = signs_up(session, a_form(session), now=utc_now())
    session.commit()
    assert "<h1>One tap, and you are in</h1>" in client.get(f"/confirm/{confirmation.token(sign_up)}").text


def test_a_text_that_is_none_is_not_found(desk):
    assert desk.get(f"{WORDS}/nothing").status_code == 404


def test_each_language_has_words_of_its_own(desk, session):
    words = {**MAIL, "subject": "È stata una Sua richiesta?"}
    assert "saved=" in save(desk, "confirmation:it", **words).location

    assert notices.words("confirmation", "it").subject == words["subject"]
    assert notices.words("confirmation") == notices.original("confirmation")
    assert words["subject"] in desk.get("/owner/mails/confirmation?language=it").text
    assert "ha chiesto" in desk.get(f"{WORDS}/reminder:it").text
    assert desk.get("/owner/mails/confirmation/html?language=it&scheme=dark").status_code == 200
    assert [desk.get(f"/owner/mails/{page}").status_code for page in ("confirmation?language=xx", "1?language=it")] == [
        404,
        404,
    ]


def test_words_are_refused_by_the_rules_of_their_language(desk):
    refused = save(desk, "confirmation:it", **{**MAIL, "body": "Guarisce. [Sì]({{ confirm_link }})"})
    assert "“guarisce” promises too much" in refused.text
    assert "saved=" in save(desk, "confirmation:it", **{**MAIL, "body": "Cure, fix. [Sì]({{ confirm_link }})"}).location


def test_the_confirmation_page_is_put_into_one_s_own_words_in_each_language(desk, session, client):
    typed = {"ask": "Ciao", "not_you": "Chiuda la pagina.", "done": "Dentro!", "next": "Presto."}
    save(desk, "page:it", **typed)
    paths = {}
    for code in ("it", "fr"):
        sign_up = signs_up(session, a_form(session, language=code), email=f"{code}@example.org", now=utc_now())
        paths[code] = f"/confirm/{confirmation.token(sign_up)}"
    session.commit()
    assert "<h1>Ciao</h1>" in client.get(paths["it"]).text
    assert "<h1>Un geste, et c’est fait</h1>" in client.get(paths["fr"]).text


def test_who_is_in_already_is_told_in_own_words_too_with_the_way_to_the_choices(desk, session):
    refused = save(desk, "already_in", **MAIL | {"body": "You asked for {{ form_title }} again."})
    assert "It has no button that leads to the choices" in refused.text
    save(desk, "already_in", **MAIL | {"body": "{{ form_title }} comes already. [Choose]({{ preferences_link }})"})
    seen = render.preview_notice(session, "already_in", utc_now())
    assert "The title of your form comes already." in seen.text
