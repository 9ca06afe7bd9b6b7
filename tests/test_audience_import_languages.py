"""The language of imported people: read from the file as it is written there, and nobody stays out for one unknown."""

from funnel import languages
from funnel.audience import headings, imports, verdicts
from funnel.audience.headings import Column
from funnel.db import Session, utc_now
from funnel.models.people import SignUp
from tasks import imports as task
from tests.factories import a_form
from tests.import_cast import bring, check, found_again, people, start
from tests.owner_data import press, signed_in
from tests.readers import fields_of

FILE = "Email,Sprache\nada@example.org,italienisch\nben@example.org,Klingonisch\neve@example.org,\n"


def spoken():
    return {email: person.language for email, person in people().items()}


def test_a_language_is_known_by_its_code_and_its_name_in_each_language():
    said = ["it", "IT", "ita", "it-CH", "it_IT", "Italian", "italienisch", "Italiano", "italien", "Italien (Schweiz)"]
    assert {languages.read(word) for word in said} == {"it"}
    assert [languages.read(word) for word in ("Deutsch", "alemán", "inglese", "en_GB", "fre")] == [
        "de", "de", "en", "en", "fr",
    ]  # fmt: skip
    assert {languages.read(word) for word in ("", "tlh", "Klingon", "-", "it is", "x" * 300)} - {"it"} == {""}


def test_the_column_is_known_by_its_heading_in_five_languages():
    for heading in ("Language", "Sprache", "lingua", "Langue", "IDIOMA"):
        assert headings.guessed([["Email", heading], ["ada@example.org", "it"]])[1] is Column.LANGUAGE


def test_each_gets_the_language_of_the_file_and_the_others_the_one_that_was_chosen(session):
    number = bring(FILE)
    found = check(number, language="fr")
    assert (found.counts["new"], found.spoken) == (3, {"it": 1, "": 2})
    noted = [(line.line, line.reason) for line in verdicts.noted(session, number)]
    assert noted == [(3, "no mails are written in “Klingonisch”")]

    start(number)

    assert spoken() == {"ada@example.org": "it", "ben@example.org": "fr", "eve@example.org": "fr"}


def test_where_nothing_is_chosen_it_is_the_practices(session, setting):
    setting(PRACTICE_COUNTRY="DE")
    number = bring("Email\nada@example.org\n")
    assert check(number).spoken == {}
    start(number)
    assert spoken() == {"ada@example.org": "de"}


def test_who_is_asked_is_asked_in_the_language_of_the_file_else_in_the_forms(session):
    form = a_form(session, language="es")
    session.commit()
    number = bring(FILE)
    check(number, way="ask", form_id=form.id, how="", agreed_on=None)
    with Session.begin() as own:
        assert imports.start(own, imports.hold(own, number), utc_now())
    task.work()
    assert found_again(number).done == {"asked": 3}
    assert spoken() == {"ada@example.org": "it", "ben@example.org": "es", "eve@example.org": "es"}
    assert sorted(sign_up.language for sign_up in session.query(SignUp)) == ["es", "es", "it"]


def test_the_page_asks_shows_and_tells_the_lines_that_say_no_language(app, session):
    number = bring(FILE)
    desk, here = signed_in(app), f"/owner/people/import/{number}"
    page = desk.get(f"{here}/columns")
    assert '<option value="language" selected>Language of their mails (it, Italian)</option>' in page.text
    typed = fields_of(page) | {"language": "de", "how": "on paper", "agreed_on": "2026-01-02", "headed": "1"}
    typed |= {"column-0": "address", "column-1": "language", "way": "agreed", "known": "nothing"}
    typed |= {"form": "", "course": ""}
    typed.pop("csrf_token")
    press(desk, f"{here}/columns", on=f"{here}/columns", **typed)
    task.work()

    told = " ".join(desk.get(here).text.split())

    assert "Their mails: 2 in German, 1 in Italian." in told
    assert "No mails are written in “Klingonisch”." in told
    assert "get German." in told
    assert "3,ben@example.org" in desk.get(f"{here}/noted.csv").text
