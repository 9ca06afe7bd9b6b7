"""A tracked link by the short way is answered and noted as by the page, and what is odd is left to that."""

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import EnvironBuilder, run_wsgi_app

from funnel import tokens
from funnel.models.mail import LinkKind, MessageState
from funnel.models.responses import Event
from funnel.tokens import Purpose
from funnel.web import visits
from funnel.web.shortcut import Shortcut
from tests.conftest import NOW
from tests.factories import a_link, a_message, a_subscriber
from tests.readers import PHONE

ODD = "https://example.org/ü?a=1&b=<2>"


@pytest.fixture
def page(app):
    """The way by Flask."""
    return app.wsgi_app._app


@pytest.fixture
def message(session):
    return a_message(session, a_subscriber(session), state=MessageState.SENT, sent_at=NOW)


def refuse(*_):
    raise AssertionError("it went the long way")


def asked(app, path, *, method="GET", agent=PHONE, **more):
    """Status, headers and body; the request's name is checked to be one."""
    environ = EnvironBuilder(path, method=method, headers={"User-Agent": agent}).get_environ()
    body, status, headers = run_wsgi_app(app, {**environ, **more}, buffered=True)
    name = headers.pop("X-Request-ID")
    assert len(bytes.fromhex(name)) == 6
    return status, sorted(headers), b"".join(body)


def path_of(session, link, message=None):
    session.commit()
    return f"/go/{tokens.sign(Purpose.GO, link.id, message.id if message else 0)}"


def known(page, path):
    """A way that has followed the link once, and cannot ask the page again."""
    asked(page, path)
    return Shortcut(refuse)


def rows(session):
    columns = [column for column in Event.__table__.columns if column.name not in ("id", "at", "key")]
    found = session.execute(select(*columns)).all()
    session.execute(delete(Event))
    session.commit()
    return found


@pytest.mark.parametrize("kind", [LinkKind.CONTENT, LinkKind.BOOKED])
def test_the_answer_is_the_pages_to_the_last_header(session, page, kind):
    path = path_of(session, a_link(session, url=ODD, kind=kind))
    short = known(page, path)
    for more in ({}, {"method": "HEAD"}, {"wsgi.url_scheme": "https"}, {"QUERY_STRING": "a=b"}, {"HTTP_COOKIE": "a=b"},
                 {"HTTP_ACCEPT_LANGUAGE": "it"}, {"HTTP_HOST": "no host!"}):  # fmt: skip
        assert asked(short, path, **more) == asked(page, path, **more), more


def test_behind_a_proxy_the_answer_is_the_pages_too(session, page):
    path = path_of(session, a_link(session))
    short, forwarded = known(page, path), {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    found = asked(ProxyFix(short), path, **forwarded)
    assert found == asked(ProxyFix(page), path, **forwarded)
    assert "Strict-Transport-Security" in dict(found[1])


def test_the_row_is_the_pages_too(session, page, message):
    path = path_of(session, a_link(session), message)
    short = known(page, path)
    for more in ({}, {"method": "HEAD"}, {"agent": "curl/8"}, {"agent": ""}, {"agent": "a\x00b" + "é" * 300}):
        rows(session)
        asked(page, path, **more)
        [by_page] = rows(session)
        asked(short, path, **more)
        assert rows(session) == [by_page], more


def test_what_is_odd_is_left_to_the_page(session, page, message):
    links = [a_link(session), a_link(session, url="booking", kind=LinkKind.BOOKING)]
    path, personal = (path_of(session, link, message) for link in links)
    known(page, path)
    known(page, personal)
    left = []

    def noticed(environ, start_response):
        left.append(environ["PATH_INFO"])
        return page(environ, start_response)

    odd = [{"path": personal}, {"path": path, "method": "POST"}, {"path": path, "HTTP_UPGRADE": "websocket"},
           {"path": path, "wsgi.url_scheme": "wss"}, {"path": "/"}]  # fmt: skip
    other = tokens.sign(Purpose.FORM, 1, 2)
    odd += [{"path": f"{path}{more}"} for more in ("/", "A", "%0A")]
    odd += [{"path": f"/go/{token}"} for token in ("", "x", "%00", "é", "a" * 3000, other)]
    for more in odd:
        answers = [asked(way, **more) for way in (Shortcut(noticed), page)]
        if more["path"] != personal:  # whose reference is another each time
            assert answers[0] == answers[1], more
    assert len(left) == len(odd)


def test_a_link_followed_for_the_first_time_is_left_to_the_page_which_learns_it(session, page):
    path = path_of(session, a_link(session))
    with pytest.raises(AssertionError, match="long way"):
        asked(Shortcut(refuse), path)
    asked(page, path)
    assert asked(Shortcut(refuse), path)[0] == "302 FOUND"


def test_with_the_database_away_the_answer_is_the_same_and_it_is_told(session, page, monkeypatch, caplog):
    path = path_of(session, a_link(session))
    short = known(page, path)

    def fail(*_):
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(visits.crowded, "note", fail)
    assert asked(short, path) == asked(page, path)
    assert caplog.text.count("a visit is not noted, the database is away") == 2
