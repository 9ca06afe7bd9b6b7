"""The quick way of a usual sign-up: nobody can tell it from the other, and what is not usual goes that other way."""

import logging
import re
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder, run_wsgi_app

from funnel.audience import arrivals
from funnel.models.people import FormState, SignUp
from funnel.tokens import Purpose
from funnel.web.pages import fields, usual
from funnel.web.pages.fields import SignUpForm
from funnel.web.shortcut import Shortcut
from tests.factories import a_form
from tests.readers import PHONE, shown

ELSEWHERE = "198.51.100.7"
OF_THE_REQUEST = {"X-Request-ID", "Location", "Content-Length"}
ENCODED = "application/x-www-form-urlencoded"


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care", thanks_url="")
    session.commit()
    return form


@pytest.fixture
def page(app):
    """The way by Flask."""
    return app.wsgi_app._app


@pytest.fixture
def short():
    def refuse(*_):
        raise AssertionError("it went the long way")

    return Shortcut(refuse)


def sent(way, form, place="", network=ELSEWHERE, more=None, **typed):
    """Status, headers, address and body of what one way answers."""
    values = {"email": "ada@example.org", "token": shown(Purpose.FORM, form.id), "timezone": "Europe/London"}
    path, _, query = place.partition("?")
    environ = EnvironBuilder(
        f"/f/{form.slug}{path}", query_string=query, method="POST", data=values | typed,
        headers={"User-Agent": PHONE, "Content-Type": ENCODED}, environ_base={"REMOTE_ADDR": network},
    ).get_environ()  # fmt: skip
    body, status, headers = run_wsgi_app(way, environ | (more or {}), buffered=True)
    told = [pair for pair in headers if pair[0] not in OF_THE_REQUEST]
    return status, sorted(told), headers.get("Location", ""), b"".join(body).decode()


def sign_ups(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


def without_ticket(text):
    return re.sub(r"t=[\w-]+", "t=", text)


@pytest.mark.parametrize("place", ["", "/embed", "/embed?scheme=light"])
@pytest.mark.parametrize("thanks_url", ["", "http://127.0.0.1:8000/thanks?a=<1>", "https://nobody.example.org/"])
def test_both_ways_answer_the_same_and_keep_the_same(session, page, short, form, place, thanks_url):
    form.thanks_url = thanks_url
    session.commit()
    typed = {"first_name": "Zoë", "src": "a-post", "utm_source": "a letter, and <more> & é", "utm_odd": "\x00"}
    networks = (f"198.51.{number}.7" for number in range(8))
    for more in ({}, {"wsgi.url_scheme": "https"}, {"HTTP_ACCEPT_LANGUAGE": "it"}, {"HTTP_COOKIE": "a=b"}):
        ways = [sent(way, form, place, next(networks), more, **typed) for way in (short, page)]
        assert ways[0][:2] == ways[1][:2], more
        assert [without_ticket(text) for text in ways[0][2:]] == [without_ticket(text) for text in ways[1][2:]], more
        assert [len(text) for text in ways[0][2:]] == [len(text) for text in ways[1][2:]], more
    same = ("first_name", "source", "utm", "agent", "language", "signs", "risk", "mailbox_hash", "wording", "time_zone")
    kept = [[getattr(row, name) for name in same] for row in sign_ups(session)]
    assert kept == [kept[0]] * 8


def test_a_pasted_address_is_freed_of_what_stands_around_it_on_both_ways(session, page, short, form):
    pasted = ("mailto:ada@example.org", "Ada Byron <ada@example.org>", "ada@example.org.")
    for number, email in enumerate(pasted):
        ways = [sent(way, form, network=f"198.51.{number}.7", email=email) for way in (short, page)]
        assert [way[0] for way in ways] == ["303 SEE OTHER"] * 2
    assert {row.email for row in sign_ups(session)} == {"ada@example.org"}
    assert len(sign_ups(session)) == 6


@pytest.mark.parametrize(
    ("typed", "how"),
    [
        ({"email": "ada@gmial.com"}, {}),
        ({"email": "ada"}, {}),
        ({"email": "ada@gmail.com", "answer": "yes"}, {}),
        ({"first_name": "www.example.org"}, {}),
        ({"first_name": "x" * 9000}, {}),
        ({"website": "x"}, {}),
        ({"token": ""}, {}),
        ({"token": "AAAA"}, {}),
        ({}, {"place": "/"}),
        ({}, {"place": "?src=a-post"}),
        ({}, {"place": "?scheme=light"}),
        ({}, {"place": "/embed?scheme=dark"}),
        ({}, {"more": {"REQUEST_METHOD": "PUT"}}),
        ({}, {"more": {"CONTENT_TYPE": "text/plain"}}),
        ({}, {"more": {"CONTENT_LENGTH": "-1"}}),
        ({}, {"more": {"CONTENT_LENGTH": ""}}),
        ({}, {"more": {"SCRIPT_NAME": "/below"}}),
        ({}, {"more": {"HTTP_UPGRADE": "websocket"}}),
        ({}, {"more": {"wsgi.input": BytesIO(b"email=\xff&" * 20)}}),
    ],
)
def test_what_is_not_usual_goes_the_other_way_whole(session, page, form, typed, how):
    left = []

    def noticed(environ, start_response):
        left.append(environ["PATH_INFO"])
        return page(environ, start_response)

    how = {"more": {}} | how
    again = how["more"].get("wsgi.input")
    ways = []
    for way in (Shortcut(noticed), page):
        ways.append(sent(way, form, **how, **typed)[0])
        if again:
            again.seek(0)
    assert ways[0] == ways[1]
    assert len(left) == 1


def test_a_closed_form_is_left_to_the_page(session, page, form):
    form.state = FormState.RETIRED
    session.commit()
    assert sent(Shortcut(page), form)[0].startswith("410")


def test_the_workers_are_called_once_it_is_committed(short, monkeypatch, form, session):
    called = []
    monkeypatch.setattr(usual, "call", lambda task: called.append((task.name, len(sign_ups(session)))))
    sent(short, form)
    assert called == [("tasks.audience.settle_new", 1)]


def test_where_they_cannot_be_taken_together_each_goes_the_other_way_and_it_is_said(
    page, form, session, monkeypatch, caplog
):
    def refused(*_):
        raise ValueError("odd")

    monkeypatch.setattr(arrivals, "take", refused)
    with caplog.at_level(logging.ERROR):
        assert sent(Shortcut(page), form)[0].startswith("303")
    assert "taken one by one" in caplog.text
    assert len(sign_ups(session)) == 1


@pytest.mark.parametrize("trouble", [errors.AdminShutdown, errors.DeadlockDetected])
def test_with_the_database_away_the_page_says_so_and_it_is_logged(page, form, monkeypatch, caplog, trouble):
    def refused(*_):
        raise OperationalError("", None, trouble())

    monkeypatch.setattr(arrivals, "take", refused)
    assert sent(Shortcut(page), form)[0].startswith("303")  # it is there again
    assert ("the database is away" in caplog.text) == (trouble is errors.AdminShutdown)


TYPED = st.text(st.sampled_from("abAZ09.@+-_ =?é\x00\u200b\n/:"), max_size=30)
EMAILS = st.one_of(st.emails(), TYPED, st.builds("{}@example.org".format, TYPED))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the app keeps nothing from one to the next
@given(email=EMAILS, first_name=st.one_of(TYPED, st.sampled_from(["Ada", "李明", "www.x.org", "=?utf"])))
def test_what_it_takes_for_usual_the_form_finds_nothing_wrong_in(app, email, first_name):
    post = {"email": email, "first_name": first_name, "timezone": " Europe/Rome "}
    found = fields.usual(post)
    if found:
        with app.test_request_context(method="POST", data=post):
            form = SignUpForm(MultiDict(post))
            assert form.validate()
            assert fields.typed(form) == found


def test_where_the_short_way_fails_the_page_answers_and_it_is_said(page, form, session, monkeypatch, caplog):
    def fail(*_):
        raise ValueError("odd")

    monkeypatch.setattr(usual, "_thanks", fail)  # when the row is committed already
    assert sent(Shortcut(page), form)[0].startswith("303")
    assert "the short way failed" in caplog.text
