"""The overview."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete

from funnel.db import utc_now
from funnel.models.content import Newsletter
from funnel.models.house import Heartbeat
from funnel.models.responses import BookingHow, BookingState
from tests.factories import add
from tests.owner_data import Practice, signed_in


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


def text_of(answer):
    """What is read on the page, spaces made one."""
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def row(page, name):
    """The numbers of a stage of the funnel."""
    part = page.split(f'<th scope="row">{name}')[1].split("</tr>")[0]
    cells = [cell.split("</")[0].split(">")[-1] for cell in part.split('<td class="number')[1:]]
    return [cells[0], *cells[-2:]]


def tile(page, what):
    """The number at the top of the page."""
    return re.sub("<[^>]+>", "", page.split(f"<dt>{what}</dt>")[1].split("</dd>")[0]).strip()


def test_without_content_it_says_how_to_load_it(desk):
    page = text_of(desk.get("/owner/"))

    assert "There is no form yet" in page
    assert "content load" in page


def test_with_nobody_it_teaches_how_to_begin(desk, practice):
    page = text_of(desk.get("/owner/"))

    assert "Nobody has signed up yet" in page
    assert "http://127.0.0.1:8000/f/back-care?src=instagram" in page
    assert 'href="/posts/quadratus-lumborum"' in page
    assert "leaves on day 18" in page
    assert "From the form to the booking" not in page


def test_the_funnel_counts_people_with_the_rates_of_both(desk, practice):
    for number in range(25):
        practice.somebody(number, practice.now - timedelta(days=3))
    practice.session.commit()
    page = text_of(desk.get("/owner/?days=7"))

    people, _, of_start = row(page, "Sign-ups")
    assert (people, of_start) == ("25", "100 %")
    confirmed, of_sign_ups, same = row(page, "Confirmed")
    assert of_sign_ups == same == f"{100 * int(confirmed) / 25:.0f} %"
    assert row(page, "Mail 1")[0] == confirmed
    assert "Welcome" in page
    assert tile(page, "signed up") == "25"


def test_a_rate_of_few_people_is_pale_and_explained(desk, practice):
    practice.somebody(1, practice.now - timedelta(days=1))
    practice.session.commit()
    page = text_of(desk.get("/owner/"))

    assert '<span class="faint">100 %</span>' in page
    assert "fewer than 20 people" in page


def test_the_period_is_kept_in_the_address_and_its_choice_marked(desk, practice):
    practice.somebody(1, practice.now - timedelta(days=40))
    practice.session.commit()

    assert 'href="/owner/?days=30" aria-current="true"' in text_of(desk.get("/owner/"))
    assert 'href="/owner/?days=30" aria-current="true"' in text_of(desk.get("/owner/?days=1e9"))
    assert "In the last 7 days, nobody signed up" in text_of(desk.get("/owner/?days=7"))
    everything = text_of(desk.get("/owner/?days=all"))
    assert 'href="/owner/?days=all" aria-current="true"' in everything
    assert "Since the beginning:" in everything
    assert tile(everything, "signed up") == "1"


def test_nobody_in_a_period_leads_to_all_of_them(desk, practice):
    practice.somebody(1, practice.now - timedelta(days=40))
    practice.session.commit()

    page = text_of(desk.get("/owner/?days=7"))
    assert "None in this period" in page
    assert "Nobody in this period" in page


def test_sign_ups_are_a_picture_and_the_same_as_a_table(desk, practice):
    for number in range(12):
        practice.somebody(number, practice.now - timedelta(days=number % 3))
    practice.session.commit()
    page = text_of(desk.get("/owner/?days=7"))

    assert 'role="img" aria-label="12 sign-ups in all, by source. The most were 4,' in page
    assert page.count("<g><title>") == 7
    assert 'data-count="4"><a class="count"' in page


def test_a_source_narrows_the_funnel_and_stays_in_the_links(desk, practice):
    for number in range(12):
        practice.somebody(number, practice.now)
    practice.session.commit()
    page = text_of(desk.get("/owner/?days=7&source=instagram"))

    assert "from <strong>instagram</strong>" in page
    assert "From the form to the booking: instagram" in page
    assert 'href="/owner/?days=30&amp;source=instagram"' in page
    assert "from <strong>&lt;b&gt;</strong>, nobody signed up" in text_of(desk.get("/owner/?source=%3Cb%3E%00"))


def test_a_long_time_is_shown_by_week(desk, practice):
    practice.somebody(1, practice.now - timedelta(days=200))
    practice.session.commit()

    page = text_of(desk.get("/owner/?days=all"))
    assert "Sign-ups a week" in page
    assert "week of" in page


def test_who_booked_stands_there_with_the_mail_and_post_that_brought_them(desk, practice):
    person = practice.newcomer("Chloé")
    message = practice.mail(person, practice.now, step_id=practice.steps[6].id)
    practice.booking(person, message, practice.now)
    practice.booking(practice.newcomer("Ben"), None, practice.now, state=BookingState.BOOKED, how=BookingHow.OWNER)
    practice.session.commit()
    page = text_of(desk.get("/owner/"))

    assert '<a href="/owner/bookings/1">Chloé</a>' in page
    assert f"By the mail “{practice.steps[6].subject}”, from instagram" in page
    assert "Marked by you" in page


def test_older_bookings_are_folded_away(desk, practice):
    for number in range(8):
        practice.booking(practice.newcomer("Ada"), None, practice.now - timedelta(hours=number))
    practice.session.commit()

    assert "<summary>2 bookings before</summary>" in text_of(desk.get("/owner/"))


def test_what_waits_and_what_failed_is_told_with_its_reason(desk, practice):
    practice.trouble()
    page = text_of(desk.get("/owner/"))

    assert '<a href="/owner/messages?state=queued">1 mail</a>' in page
    assert '<a href="/owner/messages?state=deferred">2 mails</a>' in page
    assert "The relay asked to try later. The first was due" in page
    assert "There is no such address." in page
    assert "The connection was lost after the mail was handed over." in page
    assert "The first is due in 1 hour." in page


def test_with_nothing_waiting_it_says_so(desk, practice):
    assert "Nothing waits, and nothing failed" in text_of(desk.get("/owner/"))


def test_a_clock_that_runs_is_told_by_its_last_tick(desk, practice):
    page = text_of(desk.get("/owner/"))

    assert "The clock has stopped" not in page
    assert '<span class="chip good">runs</span>' in page


def test_a_clock_that_stopped_is_said_first(desk, practice):
    practice.session.execute(delete(Heartbeat))
    practice.session.commit()
    assert "It has not struck yet." in text_of(desk.get("/owner/"))
    practice.session.add(Heartbeat(name="clock", at=practice.now - timedelta(hours=3)))
    practice.session.commit()

    assert "It last struck 3 hours ago." in text_of(desk.get("/owner/"))


def test_the_relay_is_named(desk, practice, setting):
    assert 'the local <a href="/outbox">outbox</a>: no mail leaves this machine' in text_of(desk.get("/owner/"))
    setting(SMTP_URL="smtp://user:secret@mail.example.org:587")

    page = text_of(desk.get("/owner/"))
    assert "mail.example.org:587" in page
    assert "secret" not in page


def test_the_overview_says_to_whom_the_next_ones_go_and_which_ask(desk, session, practice):
    practice.newcomer("Ada")
    at = utc_now() + timedelta(days=1)
    first = add(session, Newsletter(subject="First", body="x", state="sent", created_at=utc_now()))
    for subject, changes in (
        ("To all", {}),
        ("To some", {"rule": {"is": "booked"}}),
        ("Again", {"part": "resend", "parent_id": first.id, "zone_mode": "reader"}),
        ("Perhaps", {"doubted_at": utc_now()}),
    ):
        add(session, Newsletter(subject=subject, body="x", state="scheduled", send_at=at, created_at=at, **changes))
    session.commit()
    page = " ".join(re.sub("<[^>]+>", "", desk.get("/owner/").text).split())
    for words in (
        "everybody gets the newsletter “To all”.",
        "some of your people get the newsletter “To some”.",
        "those who did not click get the newsletter “Again”, at that hour of their own clock.",
        "asks you Perhaps: nothing more of it leaves until you say so.",
    ):
        assert words in page
