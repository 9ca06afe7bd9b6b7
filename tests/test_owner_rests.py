"""What rests, on the owner's pages: said plainly, and ended by a button."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from funnel.config import settings
from funnel.db import utc_now
from funnel.mail import pace, rests
from funnel.models.house import AuditEntry
from funnel.models.mail import Queue
from funnel.models.sending import Rest
from tests.owner_data import Practice, press, signed_in, token

GO_ON = "/owner/messages/go-on"


@pytest.fixture
def practice(session):
    made = Practice(session, utc_now())
    made.set_up()
    return made


@pytest.fixture
def desk(app):
    return signed_in(app)


@pytest.fixture
def rest(practice):
    """rest("stream:bulk") lets that rest for five minutes, from a minute ago."""

    def begun(name, why="10 refusals in a row about us: 550 5.7.1 Spam", seconds=300):
        rests.begin(practice.session, name, why, utc_now() - timedelta(minutes=1), seconds, 3600)
        practice.session.commit()

    return begun


def text_of(answer):
    return " ".join(answer.text.split())


@pytest.mark.parametrize("page", ["/owner/", "/owner/messages"])
def test_a_paused_stream_is_said_with_its_reason_and_its_time(desk, rest, page):
    rest("stream:bulk")
    said = text_of(desk.get(page))
    assert "<h3>Tips and newsletters are paused</h3>" in said
    assert "10 refusals in a row about us: 550 5.7.1 Spam." in said
    assert "Began 1 minute ago, ends in 3 minutes (" in said
    assert "Send again now" in said


def test_with_nothing_at_rest_nothing_is_said(desk, practice):
    for page in ("/owner/", "/owner/messages"):
        assert 'id="rests"' not in desk.get(page).text


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("stream:urgent", "Confirmations and notices are paused"),
        ("relay:mail.example.org:587", "The mail server mail.example.org:587 is left alone"),
        ("domain:example.org", "Mails to example.org wait"),
    ],
)
def test_each_kind_is_said_in_its_own_words(desk, rest, name, what):
    rest(name)
    assert f"<h3>{what}</h3>" in text_of(desk.get("/owner/messages"))


def test_what_stops_most_comes_first_and_many_domains_are_one_line(desk, rest):
    for name in ("domain:example.com", "domain:example.org", "relay:r:25", "stream:bulk"):
        rest(name)
    said = text_of(desk.get("/owner/"))
    assert said.index("are paused") < said.index("is left alone") < said.index("Mails to 2 domains wait")
    assert said.index("Mails to 2 domains wait") < said.index("Mails to example.com wait")


def test_the_button_ends_the_rest_and_that_is_noted(desk, rest, session):
    rest("stream:bulk")
    rest("domain:example.org")
    answer = press(desk, GO_ON, on="/owner/messages", name="stream:bulk")
    assert (answer.status_code, answer.location) == (303, "/owner/messages")
    said = text_of(desk.get("/owner/messages"))
    assert "Sending goes on." in said
    assert "are paused" not in said
    assert "Mails to example.org wait" in said
    noted = session.scalars(select(AuditEntry)).one()
    assert (noted.action, noted.detail) == ("ended a rest", {"rest": "stream:bulk"})


def test_pressing_it_twice_changes_nothing(desk, rest, session):
    rest("stream:bulk")
    rest("stream:urgent")
    for _ in range(2):
        press(desk, GO_ON, on="/owner/messages", name="stream:bulk")
    assert "That had ended already." in desk.get("/owner/messages").text
    assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_without_its_token_nothing_is_ended(desk, rest, session):
    rest("stream:bulk")
    assert desk.post(GO_ON, data={"name": "stream:bulk"}).status_code == 400
    assert session.get(Rest, "stream:bulk")


def test_a_stranger_ends_nothing(app, rest, session):
    rest("stream:bulk")
    stranger = app.test_client()
    answer = stranger.post(GO_ON, data={"name": "stream:bulk", "csrf_token": token(stranger, "/owner/sign-in")})
    assert answer.status_code == 401
    assert session.get(Rest, "stream:bulk")


def test_the_guard_is_an_alarm_and_is_not_ended_from_a_page(desk, practice, session):
    guarded = Rest(name=rests.GUARD, why="the database was set back", seconds=0, since=utc_now(), until=None)
    practice.session.add(guarded)
    practice.session.commit()
    said = text_of(desk.get("/owner/"))
    assert 'class="notice alarm"' in said
    assert "The database was set back." in said
    assert "flask --app wsgi sending resume" in said
    assert "Send again now" not in said
    press(desk, GO_ON, on="/owner/mails", name=rests.GUARD)
    session.expire_all()
    assert session.get(Rest, rests.GUARD)


def test_a_day_that_is_spent_is_said_and_ends_by_itself(desk, practice, setting):
    setting(SMTP_URL="smtp://mail.example.org?day=100")
    now = utc_now()
    pace.reserve(practice.session, settings().relays[0], Queue.BULK, 200, now)
    practice.session.commit()
    said = text_of(desk.get("/owner/"))
    assert "The mail server mail.example.org:587 gets no more tips and newsletters today" in said
    assert "Its 100 mails of today are spent (but 5 kept for confirmations)" in said
    assert "Send again now" not in said
