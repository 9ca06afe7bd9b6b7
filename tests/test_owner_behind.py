"""Every number of the overview opens the people behind it, and as many as it says."""

import re
from datetime import timedelta
from html import unescape

import pytest

from funnel.db import utc_now
from funnel.models.people import SignUpState
from funnel.models.responses import EventKind
from tests.factories import a_sign_up
from tests.owner_data import Practice, signed_in

NUMBER = re.compile(r'<a[^>]*href="(/owner/behind/[^"]+)"[^>]*>([0-9,]+)(?: people| person)?</a>')
SHARE = re.compile(r'<a href="(/owner/behind/cohort[^"]+)" title="([0-9,]+) of')


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    for number in range(60):
        made.somebody(number, made.now - timedelta(days=60 * made.dice.random()))
    people = [made.newcomer(name) for name in ("Ada", "Ben")]
    for kind in (EventKind.BOUNCE, EventKind.BOUNCE, EventKind.COMPLAINT):
        made.event(kind, people[0], made.mail(people[0], made.now), made.now, reason="5.1.1")
    made.event(EventKind.BOUNCE, people[1], None, made.now)
    for reason in ("network limit", "suppressed: bounce", "suppressed: owner"):
        a_sign_up(session, made.form, state=SignUpState.REFUSED, reason=reason, created_at=made.now)
    session.commit()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def total(desk, address):
    """How many the list says there are."""
    answer = desk.get(unescape(address))
    assert (address, answer.status_code) == (address, 200)
    found = re.search(r'<p class="soft">([0-9,]+) (?:person|people|mails?|sign-ups?)\.</p>', answer.text)
    return int(found[1].replace(",", "")) if found else 0


def test_as_many_people_stand_behind_each_number_as_it_says(desk, practice):
    for query in ("", "?days=all&source=instagram", "?days=7&form=1"):
        page = desk.get(f"/owner/{query}").text
        numbers = NUMBER.findall(page) + SHARE.findall(page)
        assert len(numbers) > 15
        for address, said in numbers:
            assert (address, total(desk, address)) == (address, int(said.replace(",", "")))


def test_each_kind_of_number_is_among_them(desk, practice):
    page = desk.get("/owner/?days=all").text
    found = {re.sub("[-0-9]+$", "", address.split("?")[0].split("/")[-1]) for address, _ in NUMBER.findall(page)}
    stages = {"signed-up", "confirmed", "mail", "clicked", "booking-clicked", "booked"}
    assert found == stages | {"waited", "coming", "bounced", "complained", "refused"}
    assert SHARE.search(page)


def test_the_people_of_a_day_can_be_opened_by_source_the_unnamed_and_the_rest_too(desk, practice):
    for number in range(8):
        person = practice.newcomer("Noor")
        person.source = f"place-{number % 7}"
    practice.session.commit()
    page = desk.get("/owner/?days=7").text
    assert "besides=" in page
    for address, said in NUMBER.findall(page.split('id="sign-ups-table"')[1].split("</table>")[0]):
        assert (address, total(desk, address)) == (address, int(said))
    assert total(desk, "/owner/behind/signed-up?days=all&amp;unnamed=1") > 0


def test_a_list_says_whose_it_is_and_leads_to_each_person(desk, practice):
    page = desk.get("/owner/behind/confirmed?days=7&source=instagram").text
    assert "instagram.</p>" in page
    assert 'href="/owner/people/61"' in page
    assert ">Confirmed</th>" in page
    assert f"Were sent “{practice.steps[0].subject}”" in desk.get(f"/owner/behind/mail-{practice.steps[0].id}").text


def test_a_list_goes_on_page_by_page_with_whose_it_is(desk, practice):
    page = desk.get("/owner/behind/signed-up?days=all").text
    further = page.split('rel="next" href="')[1].split('"')[0]
    assert "days=all" in further
    assert total(desk, further) == total(desk, "/owner/behind/signed-up?days=all")
    assert "There is no page 9" in desk.get("/owner/behind/signed-up?days=all&page=9").text


def test_all_of_them_are_there_as_a_csv(desk, practice):
    practice.newcomer("=HYPERLINK(1)")
    practice.session.commit()
    answer = desk.get("/owner/behind/signed-up.csv?days=all")
    lines = answer.text.splitlines()
    assert answer.mimetype == "text/csv"
    assert lines[0] == "\ufeffAddress,First name,State,Came by,Signed up,Note"
    assert len(lines) - 1 == total(desk, "/owner/behind/signed-up?days=all") == 63
    assert "'=HYPERLINK(1)" in lines[1]
    assert "suppressed: bounce" in desk.get("/owner/behind/refused.csv?days=7&why=suppressed").text


def test_nobody_is_said_to_be_nobody(desk, practice):
    assert "There is nobody of whom this is true" in desk.get("/owner/behind/booked?from=2020-01-01&to=2020-01-02").text


def test_what_there_is_no_list_of_is_not_found(desk, practice):
    for what in (
        "nonsense", "mail-9999", "mail-x", "cohort", "cohort?monday=2026-03-02", "cohort?monday=9999-12-31&week=1",
        "cohort?monday=2026-03-02&week=9", "waited", "waited?least=-1", "coming?day=2026-03-02&mail=1", "coming?mail=1",
    ):  # fmt: skip
        assert (what, desk.get(f"/owner/behind/{what}").status_code) == (what, 404)
