"""The quick way of a usual sign-up: nobody can tell it from the other, and what is not usual goes that other way."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.datastructures import MultiDict

from funnel.audience import arrivals
from funnel.audience.arrivals import Taken
from funnel.models.people import SignUp
from funnel.tokens import Purpose
from funnel.web.pages import fields, usual
from funnel.web.pages.fields import SignUpForm
from tests.factories import a_form
from tests.readers import PHONE, shown

ELSEWHERE = "198.51.100.7"
OF_THE_REQUEST = {"X-Request-ID", "Location"}


@pytest.fixture
def form(session):
    form = a_form(session, slug="back-care", thanks_url="")
    session.commit()
    return form


@pytest.fixture
def post(client, form):
    def posted(place="", to=form, **typed):
        values = {"email": "ada@example.org", "token": shown(Purpose.FORM, to.id), "timezone": "Europe/London"}
        return client.post(
            f"/f/{to.slug}{place}", data=values | typed, headers={"User-Agent": PHONE},
            environ_base={"REMOTE_ADDR": ELSEWHERE},
        )  # fmt: skip

    return posted


@pytest.fixture
def ways(monkeypatch):
    """What the quick way answered, call by call."""
    found = []
    real = usual.taken

    def taken(slug, now):
        found.append(real(slug, now))
        return found[-1]

    monkeypatch.setattr(usual, "taken", taken)
    return found


def sign_ups(session):
    session.expire_all()
    return session.scalars(select(SignUp).order_by(SignUp.id)).all()


@pytest.mark.parametrize("place", ["", "/embed"])
@pytest.mark.parametrize("thanks_url", ["", "http://localhost/thanks"])
def test_both_ways_answer_the_same_and_keep_the_same(session, post, form, ways, monkeypatch, place, thanks_url):
    form.thanks_url = thanks_url
    session.commit()
    quick = post(place, first_name="Ada", src="a-post", utm_source="letter")
    monkeypatch.setattr(usual, "taken", lambda slug, now: None)
    slow = post(place, email="grace@example.org", first_name="Ada", src="a-post", utm_source="letter")
    assert isinstance(ways[0], Taken)
    assert (quick.status_code, len(quick.data)) == (slow.status_code, len(slow.data))
    told = [[pair for pair in answer.headers if pair[0] not in OF_THE_REQUEST] for answer in (quick, slow)]
    assert told[0] == told[1]
    assert len(quick.location) == len(slow.location)
    assert quick.location.partition("t=")[0] == slow.location.partition("t=")[0]
    one, other = sign_ups(session)
    assert (one.first_name, one.source, one.utm, one.wide) == (other.first_name, other.source, other.utm, other.wide)


@pytest.mark.parametrize(
    "typed",
    [
        {"email": "ada@gmial.com"},
        {"email": "ada"},
        {"email": "ada@gmail.com", "answer": "yes"},
        {"first_name": "www.example.org"},
        {"website": "x"},
        {"token": ""},
        {"token": "AAAA"},
    ],
)
def test_what_is_not_usual_goes_the_other_way(post, ways, typed):
    post(**typed)
    assert ways == [None]


def test_the_workers_are_told_of_each(post, monkeypatch, form, session):
    told = []
    monkeypatch.setattr(usual, "nudge", lambda task, *numbers: told.append((task.name, numbers)))
    post()
    assert told == [("tasks.audience.settle", (sign_ups(session)[0].id,))]


def test_where_they_cannot_be_taken_together_each_goes_the_other_way_and_it_is_said(post, session, monkeypatch, caplog):
    def refused(*_):
        raise ValueError("odd")

    monkeypatch.setattr(arrivals, "take", refused)
    with caplog.at_level(logging.ERROR):
        assert post().status_code == 303
    assert "taken one by one" in caplog.text
    assert len(sign_ups(session)) == 1


@pytest.mark.parametrize(("trouble", "status"), [(errors.AdminShutdown, 503), (errors.DeadlockDetected, 303)])
def test_with_the_database_away_it_says_so_and_what_may_pass_alone_is_tried_alone(post, monkeypatch, trouble, status):
    def refused(*_):
        raise OperationalError("", None, trouble())

    monkeypatch.setattr(arrivals, "take", refused)
    assert post().status_code == status


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
