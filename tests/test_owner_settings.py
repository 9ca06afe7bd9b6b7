"""The settings page: each section saved by itself, checked, and taken back."""

import re

import pytest
from sqlalchemy import select

from funnel import config
from funnel.db import Session, utc_now
from funnel.house import stored
from funnel.models.house import AuditEntry
from funnel.models.mail import Message
from funnel.response import notices
from funnel.web.owner import settings
from funnel.web.owner.sections import SECTIONS
from tests.factories import a_booking
from tests.owner_data import press, signed_in

PRACTICE = "/owner/settings/practice"
GOOD = {
    "PRACTICE_NAME": "Hands · Massage",
    "PRACTITIONER_NAME": "Maria",
    "PRACTICE_ADDRESS": "Via Roma 1, Bologna",
    "PRACTICE_COUNTRY": "it",
    "TIMEZONE": "Europe/Rome",
}


@pytest.fixture
def desk(app):
    return signed_in(app)


def save(desk, slug="practice", **typed):
    page = f"/owner/settings/{slug}"
    typed.setdefault("mark", mark(desk, page))
    return press(desk, page, on=page, **typed)


def mark(desk, page):
    return re.search(r'name="mark" value="(\w+)"', desk.get(page).text)[1]


def kept() -> dict:
    with Session.begin() as session:
        return stored.rows(session)


def entries() -> list[AuditEntry]:
    with Session(expire_on_commit=False) as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_what_is_saved_is_in_force_on_every_page_and_in_every_mail(desk, client):
    answer = save(desk, **GOOD)

    assert answer.location.startswith(f"{PRACTICE}?saved=")
    assert config.settings().emergency_number == "112"
    assert "Via Roma 1, Bologna" in client.get("/privacy").text
    page = desk.get(answer.location).text
    assert "<strong>Saved.</strong>" in page
    assert 'value="Hands · Massage"' in page
    assert "Hands" in desk.get("/owner/settings").text


def test_only_what_was_changed_is_kept(desk):
    typed = {field.name: field.said(config.settings()) for field in SECTIONS["practice"].fields}
    save(desk, **{**typed, "PRACTITIONER_NAME": "Maria"})

    assert kept() == {"PRACTITIONER_NAME": "Maria"}
    save(desk, **{**typed, "PRACTITIONER_NAME": "Maria"})
    assert len(entries()) == 1
    assert "Nothing was changed." in desk.get("/owner/").text


def test_what_is_refused_stays_typed_with_how_to_mend_it(desk):
    answer = save(desk, **{**GOOD, "PRACTICE_COUNTRY": "Italy", "TIMEZONE": "Rome"})

    assert answer.status_code == 422
    assert "Use two letters, such as GB or IT." in answer.text
    assert 'value="Hands · Massage"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert kept() == {}


def test_a_field_left_empty_goes_back_to_the_original(desk):
    save(desk, **GOOD)
    save(desk, **{**GOOD, "PRACTITIONER_NAME": ""})

    assert config.settings().practitioner_name == "Alessandro"


def test_a_change_is_taken_back_and_that_too(desk):
    save(desk, **GOOD)
    first = entries()[-1].id
    press(desk, f"/owner/settings/undo/{first}", on=PRACTICE)
    assert kept() == {}
    second = entries()[-1]
    assert (second.action, second.detail["after"]["TIMEZONE"]) == (settings.TAKEN_BACK, None)
    press(desk, f"/owner/settings/undo/{second.id}", on=PRACTICE)
    assert kept()["TIMEZONE"] == "Europe/Rome"


def test_what_was_changed_again_since_is_not_taken_back(desk):
    save(desk, **GOOD)
    first = entries()[-1].id
    save(desk, **{**GOOD, "PRACTITIONER_NAME": "Anna"})
    answer = press(desk, f"/owner/settings/undo/{first}", on=PRACTICE)

    assert answer.location == PRACTICE
    assert "nothing was taken back" in desk.get(PRACTICE).text
    assert kept()["PRACTITIONER_NAME"] == "Anna"
    assert press(desk, "/owner/settings/undo/999", on=PRACTICE).status_code == 404


def test_two_owners_at_once_do_not_overwrite_each_other_silently(desk):
    before = mark(desk, PRACTICE)
    save(desk, **{**GOOD, "PRACTITIONER_NAME": "Anna"})
    answer = save(desk, mark=before, **GOOD)

    assert (answer.status_code, settings.MEANWHILE in answer.text) == (409, True)
    assert 'value="Maria"' in answer.text
    assert kept()["PRACTITIONER_NAME"] == "Anna"
    fresh = re.search(r'name="mark" value="(\w+)"', answer.text)[1]
    assert save(desk, mark=fresh, **GOOD).status_code == 303


def test_what_the_environment_holds_is_shown_and_not_changed_here(desk, setting):
    setting(PRACTICE_NAME="From where it runs")
    save(desk, **GOOD)

    page = desk.get(PRACTICE).text
    assert re.search(r'name="PRACTICE_NAME"[^>]*value="From where it runs"[^>]*disabled', page)
    assert "by the variable <code>PRACTICE_NAME</code>" in page
    assert "PRACTICE_NAME" not in kept()
    assert kept()["PRACTITIONER_NAME"] == "Maria"


def test_every_section_can_be_saved_as_it_stands(desk):
    for slug, section in SECTIONS.items():
        said = {field.name: field.said(config.settings()) for field in section.fields}
        typed = {name: text for name, text in said.items() if text != "off"}
        assert save(desk, slug, **typed).location == f"/owner/settings/{slug}", slug
    assert kept() == {}


def test_switches_and_limits_are_kept(desk):
    save(desk, "letters", LETTER_DAY="friday", LETTER_HOUR="17")
    save(desk, "limits", LIMIT_NETWORK_HOUR="50", LIMIT_ADDRESS_DAY="2")

    letters, limits = config.settings().letters, config.settings().limits
    assert (letters.weekly, letters.bookings, letters.weekday, letters.hour) == (False, False, 4, 17)
    assert (limits.network_hour, limits.address_day, limits.address_month) == (50, 2, 5)
    assert "no weekly letter" in desk.get("/owner/settings").text


def test_the_mail_for_each_booking_can_be_switched_off(desk, session):
    booking = a_booking(session, email="ada@example.org")
    assert notices.tell_owners(session, booking, utc_now()) == 1
    session.rollback()
    save(desk, "letters", WEEKLY_LETTER="on", LETTER_DAY="monday", LETTER_HOUR="8")
    booking = a_booking(session, email="ada@example.org")

    assert notices.tell_owners(session, booking, utc_now()) == 0
    assert session.scalars(select(Message)).all() == []


def test_a_section_that_is_none_is_not_found(desk):
    assert desk.get("/owner/settings/nothing").status_code == 404


def test_the_owners_address_of_booking_leads_there(desk, client):
    save(desk, "booking", BOOKING_URL="https://cal.example.org/maria")
    assert 'href="https://cal.example.org/maria"' in client.get("/privacy").text
    assert save(desk, "booking", BOOKING_URL="cal.example.org").status_code == 422
