"""The handout taken by readers: from the confirmed page and mail 1, counted once a person, machines apart."""

import pytest
from sqlalchemy import select

from funnel import tokens
from funnel.audience import own_data
from funnel.db import utc_now
from funnel.insight import entrances, timeline
from funnel.mail import press
from funnel.models.content import StepKind
from funnel.models.handouts import Gives, OwnFile
from funnel.models.mail import LinkKind, MessageState
from funnel.models.people import Form, SignUp
from funnel.models.responses import Event, EventKind
from funnel.programme import handout, handouts
from funnel.tokens import Purpose
from tests.factories import a_form, a_link, a_message, a_sequence, a_sign_up, a_step, a_subscriber
from tests.test_programme_pdf_file import a_pdf
from tests.test_web_confirm import asked

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"}


@pytest.fixture
def form(session):
    return a_form(session, slug="back-care")


@pytest.fixture
def ada(session, form):
    made = a_subscriber(session, form_id=form.id)
    session.commit()
    return made


def path(form_id, person_id):
    return f"/handout/{tokens.sign(Purpose.HANDOUT, form_id, person_id)}"


def taken(session, form):
    session.expire_all()
    found = entrances.taken(session, form.id, None, utc_now().date())
    return found.people, found.visits, found.machines


def test_the_confirmed_page_gives_it_and_a_person_who_takes_it_twice_is_one(session, client, form):
    page = client.post(asked(session, form), follow_redirects=True).text
    link = page.split('href="http://127.0.0.1:8000/handout/')[1].split('"')[0]
    assert "The QL reset" in page
    for _ in range(2):
        answer = client.get(f"/handout/{link}", headers=PHONE)
    assert answer.data.startswith(b"%PDF-")
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == "inline; filename=ql-reset.pdf"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert taken(session, form) == (1, 2, 0)


def test_it_stands_in_the_persons_story_once(session, client, form, ada):
    for _ in range(2):
        client.get(path(form.id, ada.id), headers=PHONE)
    said = [entry.words for entry in timeline.of(session, ada.id, utc_now())]
    assert said == ["Took “The QL reset”"]


def test_machines_are_counted_apart_and_are_no_persons(session, client, form, ada):
    client.head(path(form.id, ada.id), headers=PHONE)
    client.get(path(form.id, ada.id), headers={"User-Agent": "Barracuda scanner"})
    assert taken(session, form) == (0, 0, 2)
    assert session.scalars(select(Event)).all() == []


def test_a_telephone_that_asks_piece_by_piece_visits_once(session, client, form, ada):
    first = client.get(path(form.id, ada.id), headers=PHONE | {"Range": "bytes=0-99"})
    rest = client.get(path(form.id, ada.id), headers=PHONE | {"Range": "bytes=100-199"})
    assert (first.status_code, rest.status_code, len(rest.data)) == (206, 206, 100)
    assert taken(session, form) == (1, 1, 0)


def test_who_has_it_already_is_told_so(client, form, ada):
    first = client.get(path(form.id, ada.id), headers=PHONE)
    again = client.get(path(form.id, ada.id), headers=PHONE | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_an_erased_reader_and_one_who_was_never_there_still_get_it_and_are_nobody(session, client, form, ada):
    own_data.erase(session, ada.id, utc_now())
    session.commit()
    for whose in (path(form.id, ada.id), path(form.id, 4711), path(0, 0)):
        assert client.get(whose, headers=PHONE).status_code == 200
    assert taken(session, form) == (0, 2, 0)


def test_a_link_that_is_not_ours_is_told_kindly(client, clean):
    for token in ("none", tokens.sign(Purpose.GO, 1, 1), tokens.sign(Purpose.HANDOUT, 1)):
        answer = client.get(f"/handout/{token}")
        assert answer.status_code == 404
        assert "not whole" in answer.text


def test_a_form_that_gives_nothing_offers_none_but_a_link_in_a_mail_keeps_its_promise(session, client, form, ada):
    handouts.give(session, form, Gives.NONE)
    page = client.post(asked(session, form), follow_redirects=True).text
    assert "/handout/" not in page
    assert client.get(path(form.id, ada.id), headers=PHONE).data.startswith(b"%PDF-")


def test_the_owners_own_file_comes_in_its_stead(session, client, form, ada):
    own = handouts.keep(session, "C:\\walks\\My “card”.PDF", a_pdf(title=""), utc_now())
    handouts.give(session, form, Gives.OWN, own.id)
    session.commit()
    answer = client.get(path(form.id, ada.id), headers=PHONE)
    assert answer.data == a_pdf(title="")
    assert "My" in answer.headers["Content-Disposition"]
    assert session.scalars(select(Event.detail)).one()["title"] == "My “card”"


def test_the_link_in_a_mail_is_counted_as_every_link_and_leads_to_the_readers_form(session, client, form, ada):
    body = "Here is [the sheet]({{ handout_link }}).\n"
    course = a_sequence(session, days=())
    step = a_step(session, course, 0, kind=StepKind.WELCOME, body=body)
    assert [place.kind for place in press.of_step(step).places] == [LinkKind.HANDOUT, LinkKind.CANARY]
    message = a_message(session, ada, state=MessageState.SENT, sent_at=utc_now(), step_id=step.id)
    link = a_link(session, url="handout", kind=LinkKind.HANDOUT, step_id=step.id)
    message.sent_at = message.created_at
    session.commit()
    answer = client.get(f"/go/{tokens.sign(Purpose.GO, link.id, message.id)}", headers=PHONE)
    assert answer.location == f"http://127.0.0.1:8000{path(form.id, ada.id)}"
    assert [event.kind for event in session.scalars(select(Event))] == [EventKind.CLICK]


def test_the_sign_up_of_somebody_never_settled_leads_to_no_handout(session, client, form):
    sign_up = a_sign_up(session, form)
    session.commit()
    assert (
        "/handout/" not in client.get(f"/confirm/{tokens.sign(Purpose.CONFIRM, sign_up.id, salt=sign_up.nonce)}").text
    )


def test_who_has_the_owners_file_or_asks_only_about_it_is_answered_without_its_bytes(
    session, client, form, ada, monkeypatch
):
    own = handouts.keep(session, "card.pdf", a_pdf(), utc_now())
    handouts.give(session, form, Gives.OWN, own.id)
    session.commit()
    monkeypatch.setattr(handouts, "_kept", {own.digest: b"something else"})
    about = client.head(path(form.id, ada.id), headers=PHONE)
    assert (about.status_code, about.content_length) == (200, len(a_pdf()))
    monkeypatch.setattr(handouts, "read", None)
    has = client.get(path(form.id, ada.id), headers=PHONE | {"If-None-Match": f'"{own.digest}"'})
    assert (has.status_code, has.data) == (304, b"")


def test_a_process_fetches_a_file_once_and_holds_few(session, monkeypatch):
    monkeypatch.setattr(handouts, "_kept", {})
    files = [handouts.keep(session, "card.pdf", a_pdf(title=str(number)), utc_now()) for number in range(5)]
    forms = [a_form(session, gives=Gives.OWN, own_file_id=own.id) for own in files]
    for own, one in zip(files, forms, strict=True):
        sheet = handouts.given(session, one)
        assert (sheet.size, handouts.read(session, sheet)) == (own.size, own.data)
    assert list(handouts._kept) == [own.digest for own in files[-handouts.MOST_KEPT :]]
    session.query(Form).update({Form.own_file_id: None})
    session.query(OwnFile).delete()
    assert handouts.read(session, sheet)


def test_what_a_pdf_says_of_itself_is_its_title_unless_a_program_wrote_it():
    for said, title in (
        (" The walking\ncard ", "The walking card"),
        ("Microsoft Word - Walking card.docx", "Walking card"),
        ("Untitled", "my card"),
        ("", "my card"),
        ("a" * 300, "a" * handouts.LONGEST_TITLE),
    ):
        assert handouts.own_title(said, "my card.pdf") == title


def test_ours_is_in_the_language_of_its_form_or_says_that_it_is_in_english(session, client, form, ada, monkeypatch):
    monkeypatch.setattr(handout, "told_in", lambda: ["en", "it"])
    here = asked(session, form)
    for code, words, note in (
        ("it", "Il QL reset", ""),
        ("de", "The QL reset", "auf Englisch"),
        ("en", "The QL reset", ""),
    ):
        form.language = session.scalars(select(SignUp)).one().language = code
        session.commit()
        page = client.post(here, follow_redirects=True).text
        assert f"{words}" in page
        assert ("auf Englisch" in page, "in English" in page) == (bool(note), False)
    form.language = "it"
    session.commit()
    answer = client.get(path(form.id, ada.id), headers=PHONE)
    assert answer.headers["Content-Disposition"] == "inline; filename=ql-reset-it.pdf"
    assert session.scalars(select(Event.detail)).one()["title"] == "Il QL reset"
